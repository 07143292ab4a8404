package s.bootstrap;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** Collects bytes, and hands them on without copying them once more. */
final class Buffer extends ByteArrayOutputStream {
    Buffer() {
        super(512);
    }

    Buffer(byte[] content) {
        super(0);
        buf = content;
        count = content.length;
    }

    synchronized byte[] shared() {
        return buf;
    }

    @Override
    public synchronized void writeTo(OutputStream out) throws IOException {
        out.write(buf, 0, count);
    }
}
