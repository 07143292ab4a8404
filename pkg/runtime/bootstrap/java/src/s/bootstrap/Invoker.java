package s.bootstrap;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs invocations: markers, handler, and what is posted. */
final class Invoker {
    private static final String[] KINDS = {"Invoke", "Initialize", "PreStop", "PreFreeze"};

    private final Log log;
    private final Handlers handlers = new Handlers();
    private final Map<String, String> active = new LinkedHashMap<>(); // request id to kind

    Invoker(Log log) {
        this.log = log;
    }

    /** Runs one invocation to its end; nothing that user code throws comes out. */
    Outcome run(Answer next) {
        String id = next.get("x-fc-request-id");
        int type = next.number("x-fc-function-type");
        String kind = KINDS[type > 0 && type < KINDS.length ? type : 0];
        begin(id, kind);
        String suffix = ", Error: Unhandled function error";
        try {
            Call call = new Call(next, log);
            handlers.find(call, kind).run(call);
            suffix = "";
            return new Outcome(id + "/response", call.result, call.params, false);
        } catch (Throwable e) {
            // Without memory, any thread may have been left in the middle of something.
            return new Outcome(id + "/error", failure(id, e), null, e instanceof OutOfMemoryError);
        } finally {
            Thread.interrupted();
            finish(id, kind, suffix);
        }
    }

    private Buffer failure(String id, Throwable e) {
        try {
            Failure failure = new Failure(e);
            log.record(id, "error", failure.trace());
            return failure.document();
        } catch (Throwable second) { // an exception whose methods throw, or no memory
            return new Buffer(("{\"errorMessage\":\"the error can't be shown\",\"errorType\":\"" + e.getClass().getName() + "\"}").getBytes());
        }
    }

    private void begin(String id, String kind) {
        synchronized (active) {
            active.put(id, kind);
        }
        log.line("FC " + kind + " Start RequestId: " + id);
    }

    private void finish(String id, String kind, String suffix) {
        synchronized (active) {
            active.remove(id);
        }
        log.line("FC " + kind + " End RequestId: " + id + suffix);
    }

    /**
     * The process ends: by System.exit of the function's, or because the platform said so, which it
     * does with SIGTERM if the time of an invocation is over.
     */
    void end() {
        Map<String, String> left;
        synchronized (active) {
            left = new LinkedHashMap<>(active);
        }
        if (left.isEmpty()) {
            return;
        }
        Map<Thread, StackTraceElement[]> threads = Thread.getAllStackTraces();
        if (exits(threads)) {
            left.forEach((id, kind) -> log.line("FC " + kind + " End RequestId: " + id + ", Error: Unhandled function error"));
            return;
        }
        log.line("Dumping stack trace after function timeout");
        for (Map.Entry<Thread, StackTraceElement[]> e : threads.entrySet()) {
            List<String> lines = shown(e.getKey(), e.getValue());
            if (!lines.isEmpty()) {
                log.line(String.join("\n", lines));
            }
        }
    }

    /** Whether one of the threads asked for the end of the process. */
    private static boolean exits(Map<Thread, StackTraceElement[]> threads) {
        for (StackTraceElement[] frames : threads.values()) {
            for (StackTraceElement f : frames) {
                if (f.getClassName().equals("java.lang.Runtime") && f.getMethodName().equals("exit")) {
                    return true;
                }
            }
        }
        return false;
    }

    /** A thread's frames; none of one that runs no code of the function's. */
    private static List<String> shown(Thread thread, StackTraceElement[] frames) {
        List<String> lines = new ArrayList<>();
        boolean users = false;
        for (StackTraceElement f : Failure.users(frames)) {
            String name = f.getClassName();
            users |= !(name.startsWith("java.") || name.startsWith("jdk.") || name.startsWith("sun."));
            // Without the module, which Java names in a thread's frames but not in an exception's.
            lines.add("\tat " + name + "." + f.getMethodName() + "(" + (f.isNativeMethod() ? "Native Method" : f.getFileName() + ":" + f.getLineNumber()) + ")");
        }
        if (!users) {
            lines.clear();
        } else {
            lines.add(0, "Thread \"" + thread.getName() + "\":");
        }
        return lines;
    }
}
