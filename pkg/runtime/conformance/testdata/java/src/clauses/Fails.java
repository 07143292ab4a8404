package clauses;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.FunctionInitializer;
import com.aliyun.fc.runtime.PojoRequestHandler;
import com.aliyun.fc.runtime.PreStopHandler;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Handlers that fail, and those that end their process; hooks. */
public class Fails {
    public static class Plain extends Text {
        @Override
        String answer(String event, Context context) {
            throw new IllegalArgumentException(event);
        }
    }

    public static class Mine extends RuntimeException {
        Mine(String message) {
            super(message);
        }
    }

    public static class Typed extends Text {
        @Override
        String answer(String event, Context context) {
            throw new Mine(event);
        }
    }

    public static class Deep extends Text {
        static String deeper(String message) {
            throw new IllegalArgumentException(message);
        }

        @Override
        String answer(String event, Context context) {
            return deeper(event);
        }
    }

    public static class Odd extends Text {
        @Override
        String answer(String event, Context context) {
            if (Integer.parseInt(event) % 2 == 1) {
                throw new IllegalArgumentException("odd");
            }
            return "fine";
        }
    }

    public static class Recurse extends Text {
        @Override
        String answer(String event, Context context) {
            return event.isEmpty() ? "fine" : answer(event, context);
        }
    }

    public static class Unserialisable implements PojoRequestHandler<String, Object> {
        @Override
        public Object handleRequest(String event, Context context) {
            Object[] self = new Object[1];
            self[0] = self;
            return self;
        }
    }

    public static class Constructor extends Text {
        public Constructor() {
            throw new IllegalStateException("no good");
        }

        @Override
        String answer(String event, Context context) {
            return "";
        }
    }

    public static class Exits extends Text {
        static {
            System.exit(1);
        }

        @Override
        String answer(String event, Context context) {
            return "";
        }
    }

    public static class Leave extends Text {
        @Override
        String answer(String event, Context context) {
            System.out.println("leaving");
            System.exit(Integer.parseInt(event));
            return "";
        }
    }

    public static class SignalProcess extends Text {
        @Override
        String answer(String event, Context context) throws Exception {
            run("sh", "-c", "kill -" + event + " $PPID");
            Thread.sleep(30_000);
            return "";
        }
    }

    public static class Sleep extends Text {
        @Override
        String answer(String event, Context context) throws InterruptedException {
            Thread.sleep(600_000);
            return "";
        }
    }

    public static class Spin extends Text {
        static volatile int turns;

        @Override
        String answer(String event, Context context) {
            while (true) {
                turns++;
            }
        }
    }

    public static class Deaf extends Text {
        @Override
        String answer(String event, Context context) throws InterruptedException {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                try {
                    Thread.sleep(600_000);
                } catch (InterruptedException e) {
                    System.out.println("interrupted");
                }
            }));
            Thread.sleep(600_000);
            return "";
        }
    }

    public static class Allocate extends Text {
        @Override
        String answer(String event, Context context) {
            List<byte[]> kept = new ArrayList<>();
            for (int i = 0; i < Integer.parseInt(event); i++) {
                kept.add(new byte[1 << 20]);
            }
            return "" + kept.size();
        }
    }

    public static class Total extends Text implements FunctionInitializer {
        private int total;

        @Override
        public void initialize(Context context) {
            System.out.println("initializing");
            total++;
        }

        @Override
        synchronized String answer(String event, Context context) {
            total += 2;
            return "" + total;
        }
    }

    public static class Hook implements FunctionInitializer, PreStopHandler {
        @Override
        public void initialize(Context context) throws IOException {
            throw new IOException("no database");
        }

        @Override
        public void preStop(Context context) throws IOException {
            throw new IOException("can't stop");
        }
    }

    public static class LongHook implements FunctionInitializer, PreStopHandler {
        @Override
        public void initialize(Context context) {
            try {
                Thread.sleep(600_000);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void preStop(Context context) {
            initialize(context);
        }
    }

    public static class ExitHook implements FunctionInitializer {
        @Override
        public void initialize(Context context) {
            Runtime.getRuntime().halt(1);
        }
    }
}
