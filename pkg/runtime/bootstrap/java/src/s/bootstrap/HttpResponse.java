package s.bootstrap;

import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import javax.servlet.ServletOutputStream;
import javax.servlet.WriteListener;
import javax.servlet.http.Cookie;
import javax.servlet.http.HttpServletResponse;

/** The answer to a request of an HTTP trigger of FC 2.0. It is sent when the handler returns. */
final class HttpResponse implements HttpServletResponse {
    private final Call call;
    private final Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    private int status = SC_OK;
    private String encoding;
    private Locale locale = Locale.getDefault();
    private boolean committed;
    private ServletOutputStream stream;
    private PrintWriter writer;

    HttpResponse(Call call) {
        this.call = call;
    }

    /** Hands the answer to the call. */
    void finish() {
        if (writer != null) {
            writer.flush();
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("status", status);
        answer.put("headersMap", headers);
        call.params = Base64.getEncoder().encodeToString(Json.compact(answer));
    }

    @Override
    public ServletOutputStream getOutputStream() {
        if (writer != null) {
            throw new IllegalStateException("getWriter was called before");
        }
        if (stream == null) {
            stream = new Stream();
        }
        return stream;
    }

    @Override
    public PrintWriter getWriter() throws IOException {
        if (writer == null) {
            if (stream != null) {
                throw new IllegalStateException("getOutputStream was called before");
            }
            writer = new PrintWriter(new OutputStreamWriter(call.result, getCharacterEncoding()));
            if (getContentType() != null) {
                setCharacterEncoding(getCharacterEncoding());
            }
        }
        return writer;
    }

    @Override
    public void setStatus(int code) {
        status = code;
    }

    @Override
    @Deprecated
    public void setStatus(int code, String message) {
        status = code;
    }

    @Override
    public int getStatus() {
        return status;
    }

    @Override
    public void sendError(int code) throws IOException {
        sendError(code, "HTTP status " + code);
    }

    @Override
    public void sendError(int code, String message) throws IOException {
        resetBuffer();
        status = code;
        setHeader("Content-Type", "text/html;charset=utf-8");
        String text = message.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
        call.result.write(("<html><body><h1>" + code + "</h1><p>" + text + "</p></body></html>").getBytes("UTF-8"));
        committed = true;
    }

    @Override
    public void sendRedirect(String location) {
        resetBuffer();
        status = SC_FOUND;
        setHeader("Location", location);
        committed = true;
    }

    @Override
    public boolean containsHeader(String name) {
        return headers.containsKey(name);
    }

    @Override
    public String getHeader(String name) {
        List<String> values = headers.get(name);
        return values == null ? null : values.get(0);
    }

    @Override
    public Collection<String> getHeaders(String name) {
        return new ArrayList<>(headers.getOrDefault(name, Collections.emptyList()));
    }

    @Override
    public Collection<String> getHeaderNames() {
        return new ArrayList<>(headers.keySet());
    }

    @Override
    public void setHeader(String name, String value) {
        headers.remove(name);
        addHeader(name, value);
    }

    @Override
    public void addHeader(String name, String value) {
        if (value != null) {
            headers.computeIfAbsent(name, n -> new ArrayList<>()).add(HttpHeaders.clean(value));
        }
    }

    @Override
    public void setDateHeader(String name, long date) {
        setHeader(name, HttpHeaders.date(date));
    }

    @Override
    public void addDateHeader(String name, long date) {
        addHeader(name, HttpHeaders.date(date));
    }

    @Override
    public void setIntHeader(String name, int value) {
        setHeader(name, Integer.toString(value));
    }

    @Override
    public void addIntHeader(String name, int value) {
        addHeader(name, Integer.toString(value));
    }

    @Override
    public void addCookie(Cookie cookie) {
        StringBuilder b = new StringBuilder(cookie.getName()).append('=').append(cookie.getValue() == null ? "" : cookie.getValue());
        attribute(b, "; Path=", cookie.getPath());
        attribute(b, "; Domain=", cookie.getDomain());
        if (cookie.getMaxAge() >= 0) {
            b.append("; Max-Age=").append(cookie.getMaxAge());
        }
        b.append(cookie.getSecure() ? "; Secure" : "").append(cookie.isHttpOnly() ? "; HttpOnly" : "");
        addHeader("Set-Cookie", b.toString());
    }

    private static void attribute(StringBuilder b, String name, String value) {
        if (value != null) {
            b.append(name).append(value);
        }
    }

    @Override
    public String getContentType() {
        return getHeader("Content-Type");
    }

    @Override
    public void setContentType(String type) {
        setHeader("Content-Type", type);
    }

    @Override
    public String getCharacterEncoding() {
        String named = HttpHeaders.charset(getContentType());
        return named != null ? named : encoding != null ? encoding : "UTF-8";
    }

    @Override
    public void setCharacterEncoding(String charset) {
        encoding = charset;
        String type = getContentType();
        if (type != null && charset != null) {
            setContentType(type.split(";")[0].trim() + ";charset=" + charset);
        }
    }

    @Override
    public void setContentLength(int length) {
    } // the platform counts

    @Override
    public void setContentLengthLong(long length) {
    }

    @Override
    public void setBufferSize(int size) {
    }

    @Override
    public int getBufferSize() {
        return Integer.MAX_VALUE;
    }

    @Override
    public void flushBuffer() {
        if (writer != null) {
            writer.flush();
        }
        committed = true;
    }

    @Override
    public void resetBuffer() {
        if (committed) {
            throw new IllegalStateException("the response is on its way");
        }
        if (writer != null) {
            writer.flush();
        }
        call.result.reset();
    }

    @Override
    public void reset() {
        resetBuffer();
        headers.clear();
        status = SC_OK;
    }

    @Override
    public boolean isCommitted() {
        return committed;
    }

    @Override
    public void setLocale(Locale loc) {
        locale = loc;
        setHeader("Content-Language", loc.toLanguageTag());
    }

    @Override
    public Locale getLocale() {
        return locale;
    }

    @Override
    public String encodeURL(String url) {
        return url;
    }

    @Override
    public String encodeRedirectURL(String url) {
        return url;
    }

    @Override
    @Deprecated
    public String encodeUrl(String url) {
        return url;
    }

    @Override
    @Deprecated
    public String encodeRedirectUrl(String url) {
        return url;
    }

    /** The body of the answer. */
    private final class Stream extends ServletOutputStream {
        @Override
        public void write(int b) {
            call.result.write(b);
        }

        @Override
        public void write(byte[] b, int off, int len) {
            call.result.write(b, off, len);
        }

        @Override
        public boolean isReady() {
            return true;
        }

        @Override
        public void setWriteListener(WriteListener listener) {
            throw new IllegalStateException("responses of functions aren't asynchronous");
        }
    }
}
