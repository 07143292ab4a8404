import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.StreamRequestHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Scanner;

public class Chaos implements StreamRequestHandler {
    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
        String event = new Scanner(in, "UTF-8").useDelimiter("\\A").next();
        String order = event.replaceAll(".*\"do\":\"([a-z]*)\".*", "$1");
        switch (order) {
            case "fail":
                throw new IOException(event);
            case "exit":
                System.exit(1);
                break;
            case "abort":
                Runtime.getRuntime().halt(134);
                break;
            case "hang":
                try {
                    Thread.sleep(600000);
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                break;
            case "orphan":
                new ProcessBuilder("sleep", "600").start();
                break;
            case "print":
                StringBuilder text = new StringBuilder();
                for (int n = 0; n < 20000; n++) {
                    text.append("xxxxxxxxxx");
                }
                System.out.println(text);
                break;
            default:
                break;
        }
        out.write(event.getBytes("UTF-8"));
    }
}
