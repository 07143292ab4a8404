package clauses;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.HttpRequestHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

/** Handlers of HTTP requests as FC 2.0 has them. */
public class Web {
    public static class Show implements HttpRequestHandler {
        @Override
        public void handleRequest(HttpServletRequest request, HttpServletResponse response, Context context) throws IOException {
            String body = new String(Text.all(request.getInputStream()), StandardCharsets.UTF_8);
            response.setStatus(201);
            response.setContentType("text/plain");
            response.setHeader("X-Answer", "yes");
            response.getWriter().print(String.join("|", request.getMethod(), request.getPathInfo(), String.valueOf(request.getQueryString()),
                String.join(",", Collections.list(request.getHeaders("X-Mine"))), String.valueOf(request.getContentType()), body));
        }
    }

    public static class Echo implements HttpRequestHandler {
        @Override
        public void handleRequest(HttpServletRequest request, HttpServletResponse response, Context context) throws IOException {
            response.setContentType("application/octet-stream");
            response.getOutputStream().write(Text.all(request.getInputStream()));
        }
    }

    public static class Fail implements HttpRequestHandler {
        @Override
        public void handleRequest(HttpServletRequest request, HttpServletResponse response, Context context) {
            throw new IllegalStateException("no page");
        }
    }
}
