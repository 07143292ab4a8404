package clauses;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.StreamRequestHandler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** A handler whose event and result are text. */
public abstract class Text implements StreamRequestHandler {
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

    static byte[] all(InputStream in) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] piece = new byte[8192];
        for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
            out.write(piece, 0, n);
        }
        return out.toByteArray();
    }

    static String run(String... command) throws IOException {
        return new String(all(new ProcessBuilder(command).start().getInputStream()), StandardCharsets.UTF_8).trim();
    }
}
