package clauses;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.FunctionComputeLogger;
import com.aliyun.fc.runtime.FunctionInitializer;
import com.aliyun.fc.runtime.PreFreezeHandler;
import com.aliyun.fc.runtime.PreStopHandler;
import com.aliyun.fc.runtime.StreamRequestHandler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Handlers of events, one class each, as Java has it. */
public class Events {
    abstract static class Text implements StreamRequestHandler {
        abstract String answer(String event, Context context) throws Exception;

        @Override
        public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
            try {
                output.write(answer(new String(all(input), StandardCharsets.UTF_8), context).getBytes(StandardCharsets.UTF_8));
            } catch (IOException | RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    static byte[] all(InputStream in) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] piece = new byte[8192];
        for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
            out.write(piece, 0, n);
        }
        return out.toByteArray();
    }

    public static class Echo implements StreamRequestHandler {
        @Override
        public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
            output.write(all(input));
        }
    }

    public static class ContextFields extends Text {
        @Override
        String answer(String event, Context c) {
            return String.join("|", c.getRequestId(), c.getExecutionCredentials().getAccessKeyId(), c.getExecutionCredentials().getAccessKeySecret(),
                c.getExecutionCredentials().getSecurityToken(), c.getFunctionParam().getFunctionName(), c.getFunctionParam().getFunctionHandler(),
                c.getFunctionParam().getFunctionInitializer(), "" + c.getFunctionParam().getExecTimeLimitInMillis(), "" + c.getFunctionParam().getMemoryLimitInMB(),
                c.getService().getName(), c.getService().getLogProject(), c.getService().getLogStore(), c.getService().getQualifier(), c.getService().getVersionId(),
                "" + c.getRetryCount(), c.getTracing().getSpanContext(), "" + c.getTracing().getSpanBaggages(), c.getTracing().getJaegerEndpoint());
        }
    }

    public static class Environment extends Text {
        @Override
        String answer(String event, Context context) {
            List<String> names = new ArrayList<>();
            for (String name : new TreeMap<>(System.getenv()).keySet()) {
                if (name.contains("FC_")) {
                    names.add(name);
                }
            }
            return names + " " + System.getenv("MINE") + " " + System.getenv("QUOTED") + " " + System.getProperty("fc.func.code.path") + " " + System.getProperty("chosen")
                + " " + System.getProperty("user.dir") + " " + System.getProperty("file.encoding") + " " + System.getenv("JAVA_HOME").equals(System.getProperty("java.home"));
        }
    }

    public static class Closes extends Text {
        @Override
        String answer(String event, Context context) {
            System.out.println("before");
            System.out.close();
            System.err.close();
            System.setOut(null);
            Thread.currentThread().interrupt();
            return "fine";
        }
    }

    public static class Logs extends Text {
        @Override
        String answer(String event, Context context) {
            FunctionComputeLogger logger = context.getLogger();
            logger.trace("one");
            logger.debug("two");
            logger.info("three\nlines");
            logger.setLogLevel(FunctionComputeLogger.Level.WARN);
            logger.info("not shown");
            logger.warn("four");
            logger.error("five");
            logger.fatal("six");
            logger.setLogLevel(FunctionComputeLogger.Level.TRACE);
            return "";
        }
    }

    /** The object is made once: handler and hooks share it. */
    public static class Counts extends Text implements FunctionInitializer, PreStopHandler, PreFreezeHandler {
        private int count;

        @Override
        public void initialize(Context context) {
            count += 1;
            context.getLogger().info("initializing for " + context.getRequestId());
        }

        @Override
        String answer(String event, Context context) {
            count += 2;
            return "" + count;
        }

        @Override
        public void preFreeze(Context context) {
            System.out.println("freezing after " + count);
        }

        @Override
        public void preStop(Context context) {
            System.out.println("stopping after " + count);
        }
    }

    /** Answers when as many invocations are there as the event says. */
    public static class Meet extends Text {
        private static final CountDownLatch THERE = new CountDownLatch(8);

        @Override
        String answer(String event, Context context) throws Exception {
            System.out.println("printed by " + context.getRequestId());
            context.getLogger().info("logged");
            THERE.countDown();
            return THERE.await(60, TimeUnit.SECONDS) + " " + event;
        }
    }
}
