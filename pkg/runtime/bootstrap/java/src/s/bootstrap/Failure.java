package s.bootstrap;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Words an error for the caller and for the log, both with the user's frames only. */
final class Failure {
    private static final int MAX_FRAMES = 32; // of a trace at its beginning and at its end
    private static final String OWN = Failure.class.getPackage().getName() + ".";

    private final Throwable error;

    Failure(Throwable error) {
        this.error = error;
    }

    /**
     * The error document. Function Compute's own runtime gives errorCause where there is no cause,
     * too: the text of the innermost one.
     */
    Buffer document() {
        Map<String, Object> doc = new LinkedHashMap<>();
        doc.put("errorMessage", message(error));
        doc.put("errorType", type(error));
        doc.put("errorCause", message(root(error)));
        List<Object> frames = new ArrayList<>();
        for (StackTraceElement f : users(error.getStackTrace())) {
            frames.add(f.toString());
        }
        if (frames.size() > 2 * MAX_FRAMES) {
            List<Object> middle = frames.subList(MAX_FRAMES, frames.size() - MAX_FRAMES);
            String left = "... " + middle.size() + " frames ...";
            middle.clear();
            frames.add(MAX_FRAMES, left);
        }
        if (!frames.isEmpty()) {
            doc.put("stackTrace", frames);
        }
        return new Buffer(Json.pretty(doc));
    }

    /** The error as Java prints it. */
    String trace() {
        StringBuilder b = new StringBuilder();
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Throwable e = error; e != null && seen.add(e); e = e.getCause()) {
            b.append(e == error ? "" : "\nCaused by: ").append(e instanceof LoadError ? type(e) + ": " + message(e) : text(e));
            List<StackTraceElement> frames = users(e.getStackTrace());
            for (int i = 0; i < frames.size(); i++) {
                if (i == MAX_FRAMES && frames.size() > 2 * MAX_FRAMES) {
                    b.append("\n\t... ").append(frames.size() - 2 * MAX_FRAMES).append(" frames ...");
                    i = frames.size() - MAX_FRAMES;
                }
                b.append("\n\tat ").append(frames.get(i));
            }
        }
        return b.toString();
    }

    private static String type(Throwable e) {
        return e instanceof LoadError ? ((LoadError) e).type : e.getClass().getName();
    }

    private static String message(Throwable e) {
        try {
            return e.getMessage();
        } catch (Throwable second) {
            return "<" + e.getClass().getName() + " has no message: " + second.getClass().getName() + ">";
        }
    }

    private static String text(Throwable e) {
        try {
            return e.toString();
        } catch (Throwable second) {
            return e.getClass().getName();
        }
    }

    private static Throwable root(Throwable e) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        while (e.getCause() != null && seen.add(e)) {
            e = e.getCause();
        }
        return e;
    }

    /** The frames above the runtime's call of user code, without those of the runtime in between. */
    static List<StackTraceElement> users(StackTraceElement[] frames) {
        List<StackTraceElement> list = new ArrayList<>(Arrays.asList(frames));
        int call = -1;
        for (int i = 0; i < frames.length; i++) {
            if (own(frames[i])) {
                call = i;
            } else if (call >= 0 && !below(frames[i])) {
                call = -1; // the runtime's code was called by the user's
            }
        }
        if (call >= 0) {
            int first = call;
            while (first > 0 && (own(frames[first - 1]) || below(frames[first - 1]))) {
                first--;
            }
            list = list.subList(0, first);
        }
        list.removeIf(Failure::own);
        return list;
    }

    private static boolean own(StackTraceElement f) {
        return f.getClassName().startsWith(OWN);
    }

    /** Frames between the runtime's and the user's: of threads, reflection and class loading. */
    private static boolean below(StackTraceElement f) {
        String name = f.getClassName();
        return name.equals("java.lang.Thread") || name.startsWith("java.util.concurrent.") || name.startsWith("java.lang.reflect.")
            || name.startsWith("jdk.internal.") || name.startsWith("sun.reflect.") || name.startsWith("java.lang.Class")
            || name.startsWith("sun.misc.Launcher") || name.startsWith("java.net.URLClassLoader") || name.startsWith("java.security.");
    }
}
