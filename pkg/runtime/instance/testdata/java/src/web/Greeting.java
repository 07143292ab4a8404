package web;

import java.io.IOException;
import javax.servlet.http.Cookie;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

/** A servlet that knows nothing of functions. */
public class Greeting extends HttpServlet {
    private static final long serialVersionUID = 1;

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        response.setContentType("text/plain;charset=utf-8");
        response.addCookie(new Cookie("seen", "yes"));
        response.getWriter().print("hello " + request.getParameter("name") + " of " + request.getParameter("city") + " at " + request.getServletPath()
            + ", " + getServletContext().getContextPath());
    }
}
