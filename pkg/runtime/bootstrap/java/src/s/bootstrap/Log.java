package s.bootstrap;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UnsupportedEncodingException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.TimeZone;

/** The log of the function: everything goes to descriptor 1 in whole lines. */
final class Log {
    private final OutputStream raw = new Kept(new FileOutputStream(FileDescriptor.out));

    Log() {
        System.setOut(stream());
        System.setErr(stream());
    }

    private PrintStream stream() {
        try {
            // With a buffer of its own, a line that is printed is one write.
            return new PrintStream(new BufferedOutputStream(raw, 8192), true, "UTF-8");
        } catch (UnsupportedEncodingException e) {
            throw new AssertionError(e);
        }
    }

    /** Writes a line, after what the user's code has printed so far. */
    void line(String text) {
        try {
            System.out.flush();
            System.err.flush();
        } catch (Throwable e) { // streams of the user's
        }
        try {
            raw.write((text + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) { // nobody reads
        }
    }

    /** Writes a line of a logger: 2024-03-04 09:57:28.192 REQUEST [info] text. */
    void record(String requestId, String level, String text) {
        line(time(System.currentTimeMillis()) + " " + requestId + " [" + level + "] " + text);
    }

    /** A time of day in the function's time zone; a formatter would cost a cold start 30 ms. */
    private static String time(long millis) {
        long local = millis + TimeZone.getDefault().getOffset(millis);
        LocalDateTime t = LocalDateTime.ofEpochSecond(Math.floorDiv(local, 1000L), 0, ZoneOffset.UTC);
        StringBuilder b = new StringBuilder(23).append(t.getYear());
        pad(b.append('-'), t.getMonthValue(), 10);
        pad(b.append('-'), t.getDayOfMonth(), 10);
        pad(b.append(' '), t.getHour(), 10);
        pad(b.append(':'), t.getMinute(), 10);
        pad(b.append(':'), t.getSecond(), 10);
        return pad(b.append('.'), (int) Math.floorMod(local, 1000L), 100).toString();
    }

    private static StringBuilder pad(StringBuilder b, int value, int unit) {
        for (int u = unit; u > value && u > 1; u /= 10) {
            b.append('0');
        }
        return b.append(value);
    }

    /** A stream that user code can't close. */
    private static final class Kept extends OutputStream {
        private final OutputStream out;

        Kept(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
        }

        @Override
        public void write(byte[] b, int off, int len) throws IOException {
            out.write(b, off, len);
        }
    }
}
