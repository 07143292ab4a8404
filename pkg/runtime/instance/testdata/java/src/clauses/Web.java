package clauses;

import com.aliyun.fc.runtime.Context;
import com.aliyun.fc.runtime.HttpRequestHandler;
import java.io.IOException;
import java.util.Collections;
import javax.servlet.ServletException;
import javax.servlet.http.Cookie;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

/** A handler of HTTP requests as FC 2.0 has them. */
public class Web implements HttpRequestHandler {
    @Override
    public void handleRequest(HttpServletRequest request, HttpServletResponse response, Context context) throws IOException, ServletException {
        switch (request.getPathInfo()) {
            case "/show":
                show(request, response);
                return;
            case "/error":
                response.sendError(HttpServletResponse.SC_NOT_FOUND, "no <such> thing");
                return;
            case "/redirect":
                response.getWriter().print("forgotten");
                response.sendRedirect("/elsewhere");
                return;
            case "/binary":
                response.setContentType("application/octet-stream");
                response.getOutputStream().write(new byte[] {0, 1, (byte) 0xff});
                return;
            case "/fail":
                throw new ServletException("no page today");
            default:
        }
    }

    private static void show(HttpServletRequest request, HttpServletResponse response) throws IOException {
        response.setStatus(HttpServletResponse.SC_CREATED);
        response.setContentType("text/plain");
        response.addHeader("X-One", "1");
        response.addHeader("x-one", "2\r\nX-Evil: yes");
        response.setDateHeader("Last-Modified", 0);
        Cookie cookie = new Cookie("k", "v");
        cookie.setPath("/");
        cookie.setHttpOnly(true);
        response.addCookie(cookie);
        Cookie[] cookies = request.getCookies();
        response.getWriter().print(String.join("|", request.getMethod(), request.getRequestURI(), request.getQueryString(), request.getRequestURL(),
            String.join(",", request.getParameterValues("q")), String.valueOf(request.getParameter("field")), request.getHeader("x-mine"),
            String.join(",", Collections.list(request.getHeaders("X-Many"))), request.getContentType(), "" + request.getContentLength(), request.getRemoteAddr(),
            cookies[0].getName() + "=" + cookies[0].getValue(), "" + request.getAttribute("FC_REQUEST_PATH"), "" + request.getAttribute("FC_REQUEST_CLIENT_IP"),
            request.getLocale().toLanguageTag(), request.getServerName() + " " + request.getServerPort(), "" + request.getIntHeader("none"),
            "" + request.getDateHeader("If-Modified-Since"), "grüße 你好"));
    }
}
