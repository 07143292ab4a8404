package clauses;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.StreamRequestHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

/** Handlers that fail. */
public class Fails {
    abstract static class Failing implements StreamRequestHandler {
        abstract void fail() throws Exception;

        @Override
        public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
            try {
                fail();
            } catch (IOException | RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    public static class Oops implements StreamRequestHandler {
        @Override
        public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
            throw new IOException("oops");
        }
    }

    public static class Deep extends Failing {
        @Override
        void fail() {
            try {
                Integer.parseInt("x");
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("wrong \"number\"", e);
            }
        }
    }

    public static class Unprintable extends Failing {
        static class Evil extends RuntimeException {
            @Override
            public String getMessage() {
                throw new IllegalStateException("no");
            }

            @Override
            public String toString() {
                return getMessage();
            }
        }

        @Override
        void fail() {
            throw new Evil();
        }
    }

    public static class Recursion extends Failing {
        @Override
        void fail() {
            fail();
        }
    }

    public static class OutOfMemory extends Failing {
        @Override
        void fail() {
            List<byte[]> all = new ArrayList<>();
            while (true) {
                all.add(new byte[1 << 20]);
            }
        }
    }

    public static class Exit extends Failing {
        @Override
        void fail() {
            System.out.print("leaving");
            System.exit(3);
        }
    }

    public static class Sleep extends Failing {
        @Override
        void fail() throws Exception {
            Thread.sleep(60_000);
        }
    }

    public static class Static extends Failing {
        static final int VALUE = Integer.parseInt("static");

        @Override
        void fail() {
        }
    }

    public static class Argument extends Failing {
        public Argument(int needed) {
        }

        @Override
        void fail() {
        }
    }

    public static class NoHandler {
        public void handleRequest(String event) {
        }
    }
}
