package web;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.FcAppLoader;
import com.aliyun.fc.runtime.FunctionInitializer;
import com.aliyun.fc.runtime.HttpRequestHandler;
import java.io.IOException;
import javax.servlet.ServletException;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

/** Hands requests to a web application, as fc-java-common does it: in a Tomcat without a port. */
public class Loader implements FunctionInitializer, HttpRequestHandler {
    private final FcAppLoader loader = new FcAppLoader();

    @Override
    public void initialize(Context context) throws IOException {
        loader.setFCContext(context);
        loader.setBaseDir(System.getProperty("java.io.tmpdir"));
        loader.loadCodeFromLocalProject("app");
        if (!loader.initApp("/app", Loader.class.getClassLoader())) {
            throw new IOException("the application doesn't start");
        }
    }

    @Override
    public void handleRequest(HttpServletRequest request, HttpServletResponse response, Context context) throws IOException, ServletException {
        try {
            loader.forward(request, response);
        } catch (IOException | ServletException e) {
            throw e;
        } catch (Exception e) {
            throw new ServletException(e);
        }
    }
}
