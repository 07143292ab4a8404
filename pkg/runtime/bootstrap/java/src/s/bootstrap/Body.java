package s.bootstrap;

import java.io.ByteArrayInputStream;
import javax.servlet.ReadListener;
import javax.servlet.ServletInputStream;

/** The body of a request; all of it is there. */
final class Body extends ServletInputStream {
    private final ByteArrayInputStream in;

    Body(byte[] content) {
        in = new ByteArrayInputStream(content);
    }

    @Override
    public int read() {
        return in.read();
    }

    @Override
    public int read(byte[] b, int off, int len) {
        return in.read(b, off, len);
    }

    @Override
    public int available() {
        return in.available();
    }

    @Override
    public boolean isFinished() {
        return in.available() == 0;
    }

    @Override
    public boolean isReady() {
        return true;
    }

    @Override
    public void setReadListener(ReadListener listener) {
        throw new IllegalStateException("requests of functions aren't asynchronous");
    }
}
