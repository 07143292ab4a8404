package clauses;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.PojoRequestHandler;
import com.aliyun.fc.runtime.PreStopHandler;
import com.aliyun.fc.runtime.StreamRequestHandler;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The handlers that every language has (see clauses_test.go): events, surroundings, output. */
public class Handlers {
    public static class Echo implements StreamRequestHandler {
        @Override
        public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
            output.write(Text.all(input));
        }
    }

    public static class TextResult extends Text {
        @Override
        String answer(String event, Context context) {
            return "grüße 你好 😀";
        }
    }

    public static class Nothing implements StreamRequestHandler {
        @Override
        public void handleRequest(InputStream input, OutputStream output, Context context) {
        }
    }

    public static class Number implements PojoRequestHandler<Object, Integer> {
        @Override
        public Integer handleRequest(Object event, Context context) {
            return 42;
        }
    }

    public static class Bool implements PojoRequestHandler<Object, Boolean> {
        @Override
        public Boolean handleRequest(Object event, Context context) {
            return true;
        }
    }

    public static class Document implements PojoRequestHandler<Object, Document.Answer> {
        public static class Answer {
            public Object[] a = {1, "two", null};
            private final double d = 1.5;

            public Map<String, Boolean> getB() {
                return Collections.singletonMap("c", true);
            }

            public double getD() {
                return d;
            }

            public String getE() {
                return "ü";
            }
        }

        @Override
        public Answer handleRequest(Object event, Context context) {
            return new Answer();
        }
    }

    public static class Size implements StreamRequestHandler {
        @Override
        public void handleRequest(InputStream input, OutputStream output, Context context) throws IOException {
            byte[] result = new byte[Integer.parseInt(new String(Text.all(input)))];
            Arrays.fill(result, (byte) 'x');
            output.write(result);
        }
    }

    public static class Count extends Text implements PreStopHandler {
        private int calls;

        @Override
        String answer(String event, Context context) {
            return "" + ++calls;
        }

        @Override
        public void preStop(Context context) {
            System.out.println("stopping after " + calls);
        }
    }

    public static class Temporary extends Text {
        @Override
        String answer(String event, Context context) throws IOException {
            Path path = Paths.get(System.getProperty("java.io.tmpdir"), "kept");
            try (FileOutputStream out = new FileOutputStream(path.toFile(), true)) {
                out.write(event.getBytes());
            }
            return new String(Files.readAllBytes(path));
        }
    }

    public static class Child extends Text {
        @Override
        String answer(String event, Context context) throws IOException {
            return run("echo", "from a child");
        }
    }

    public static class Background extends Text {
        private final CountDownLatch finished = new CountDownLatch(1);

        @Override
        String answer(String event, Context context) throws Exception {
            if (event.equals("start")) {
                new Thread(() -> {
                    try {
                        Thread.sleep(50);
                    } catch (InterruptedException e) {
                        return;
                    }
                    finished.countDown();
                }).start();
                return "started";
            }
            return finished.await(30, TimeUnit.SECONDS) ? "done" : "late";
        }
    }

    public static class Orphan extends Text {
        @Override
        String answer(String event, Context context) throws IOException {
            new ProcessBuilder("sleep", "600").start();
            return "";
        }
    }

    public static class Fields implements PojoRequestHandler<Object, Map<String, Object>> {
        @Override
        public Map<String, Object> handleRequest(Object event, Context c) {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("requestId", c.getRequestId());
            all.put("functionName", c.getFunctionParam().getFunctionName());
            all.put("handler", c.getFunctionParam().getFunctionHandler());
            all.put("memory", c.getFunctionParam().getMemoryLimitInMB());
            all.put("timeout", c.getFunctionParam().getExecTimeLimitInMillis() / 1000);
            all.put("serviceName", c.getService().getName());
            all.put("qualifier", c.getService().getQualifier());
            all.put("versionId", c.getService().getVersionId());
            all.put("accessKeyId", c.getExecutionCredentials().getAccessKeyId());
            all.put("accessKeySecret", c.getExecutionCredentials().getAccessKeySecret());
            all.put("securityToken", c.getExecutionCredentials().getSecurityToken());
            return all;
        }
    }

    public static class Environment implements PojoRequestHandler<Object, Map<String, String>> {
        @Override
        public Map<String, String> handleRequest(Object event, Context context) {
            return System.getenv();
        }
    }

    public static class Places implements PojoRequestHandler<Object, Map<String, Object>> {
        @Override
        public Map<String, Object> handleRequest(Object event, Context context) {
            boolean writable = true;
            try {
                Files.createFile(Paths.get(System.getProperty("fc.func.code.path"), "written"));
            } catch (IOException e) {
                writable = false;
            }
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("cwd", System.getProperty("user.dir"));
            all.put("here", Files.exists(Paths.get("clauses/Handlers.class")));
            all.put("writable", writable);
            return all;
        }
    }

    public static class LayerFile extends Text {
        @Override
        String answer(String event, Context context) throws IOException {
            return new String(Files.readAllBytes(Paths.get("/opt/file.txt"))).trim();
        }
    }

    public static class LayerLibrary extends Text {
        @Override
        String answer(String event, Context context) throws Exception {
            return (String) Class.forName("layer.OfALayer").getField("NAME").get(null);
        }
    }

    public static class LayerProgram extends Text {
        @Override
        String answer(String event, Context context) throws IOException {
            return run("of-a-layer");
        }
    }

    public static class PrintAll extends Text {
        @Override
        String answer(String event, Context context) {
            System.out.println("to stdout");
            System.err.println("to stderr");
            System.out.println("你好 😀");
            System.out.print("no newline");
            return "";
        }
    }

    public static class LogAll extends Text {
        @Override
        String answer(String event, Context context) {
            context.getLogger().info("an info");
            context.getLogger().warn("a warning");
            context.getLogger().error("an error");
            return "";
        }
    }

    public static class PrintLong extends Text {
        @Override
        String answer(String event, Context context) {
            char[] line = new char[100_000];
            Arrays.fill(line, 'x');
            System.out.println(line);
            return "";
        }
    }

    public static class PrintMany extends Text {
        @Override
        String answer(String event, Context context) {
            for (int i = 0; i < 2000; i++) {
                System.out.println("line " + i);
            }
            return "";
        }
    }

    public static class PrintFlood extends Text {
        @Override
        String answer(String event, Context context) {
            char[] line = new char[1000];
            Arrays.fill(line, 'y');
            for (int i = 0; i < 20_000; i++) {
                System.out.println(line);
            }
            return "survived";
        }
    }

    public static class CloseOutput extends Text {
        @Override
        String answer(String event, Context context) {
            System.out.close();
            System.err.close();
            return "fine";
        }
    }

    public static class Meet extends Text {
        private static int arrived;

        @Override
        String answer(String event, Context context) throws InterruptedException {
            synchronized (Meet.class) {
                arrived++;
                Meet.class.notifyAll();
                while (arrived % 3 != 0) {
                    Meet.class.wait(30_000);
                }
            }
            context.getLogger().info("met " + event);
            return event;
        }
    }

}
