package s.bootstrap;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UnsupportedEncodingException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import javax.servlet.ServletInputStream;

/** A request of an HTTP trigger of FC 2.0, described by x-fc-http-params. */
final class HttpRequest extends HttpRequestBase {
    private final Call call;
    private final String path;
    private final String method;
    private final String uri;
    private final String clientIp;
    private final String host;
    private final Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    private final Map<String, List<String>> queries;
    private final Map<String, Object> attributes = new LinkedHashMap<>();
    private Map<String, String[]> parameters;
    private String encoding;
    private Body stream;
    private BufferedReader reader;

    HttpRequest(Call call) {
        this.call = call;
        String encoded = call.next.get("x-fc-http-params");
        Map<String, Object> params = Json.object(Json.parse(new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8)));
        path = text(params, "path", "/");
        method = text(params, "method", "GET");
        uri = text(params, "requestURI", path);
        clientIp = text(params, "clientIP", "");
        headers.putAll(lists(params.get("headersMap")));
        host = text(params, "host", first("Host", ""));
        queries = lists(params.get("queriesMap"));
        // What FC's documentation has in its example.
        attributes.put("FC_REQUEST_PATH", path);
        attributes.put("FC_REQUEST_URI", uri);
        attributes.put("FC_REQUEST_CLIENT_IP", clientIp);
    }

    private static String text(Map<String, Object> params, String name, String otherwise) {
        Object value = params.get(name);
        return value == null || value.equals("") ? otherwise : value.toString();
    }

    private static Map<String, List<String>> lists(Object value) {
        Map<String, List<String>> all = new LinkedHashMap<>();
        Json.object(value).forEach((name, values) -> {
            List<String> list = new ArrayList<>();
            for (Object v : values instanceof List ? (List<?>) values : Collections.singletonList(values)) {
                list.add(String.valueOf(v));
            }
            all.put(name, list);
        });
        return all;
    }

    private String first(String header, String otherwise) {
        List<String> values = headers.get(header);
        return values == null || values.isEmpty() ? otherwise : values.get(0);
    }

    @Override
    public String getHeader(String name) {
        return first(name, null);
    }

    @Override
    public Enumeration<String> getHeaders(String name) {
        return Collections.enumeration(headers.getOrDefault(name, Collections.emptyList()));
    }

    @Override
    public Enumeration<String> getHeaderNames() {
        return Collections.enumeration(headers.keySet());
    }

    @Override
    public String getMethod() {
        return method;
    }

    @Override
    public String getPathInfo() {
        return path;
    }

    @Override
    public String getQueryString() {
        int mark = uri.indexOf('?');
        return mark < 0 ? null : uri.substring(mark + 1);
    }

    @Override
    public String getRequestURI() {
        int mark = uri.indexOf('?');
        return mark < 0 ? uri : uri.substring(0, mark);
    }

    @Override
    public StringBuffer getRequestURL() {
        return new StringBuffer(getScheme()).append("://").append(host).append(getRequestURI());
    }

    @Override
    public String getScheme() {
        return first("X-Forwarded-Proto", "http");
    }

    @Override
    public String getServerName() {
        int colon = host.lastIndexOf(':');
        return colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
    }

    @Override
    public int getServerPort() {
        try {
            return Integer.parseInt(host.substring(host.lastIndexOf(':') + 1));
        } catch (NumberFormatException e) {
            return isSecure() ? 443 : 80;
        }
    }

    @Override
    public String getRemoteAddr() {
        return clientIp;
    }

    @Override
    public Object getAttribute(String name) {
        return attributes.get(name);
    }

    @Override
    public Enumeration<String> getAttributeNames() {
        return Collections.enumeration(new ArrayList<>(attributes.keySet()));
    }

    @Override
    public void setAttribute(String name, Object value) {
        if (value == null) {
            attributes.remove(name);
        } else {
            attributes.put(name, value);
        }
    }

    @Override
    public void removeAttribute(String name) {
        attributes.remove(name);
    }

    @Override
    public String getContentType() {
        return getHeader("Content-Type");
    }

    @Override
    public long getContentLengthLong() {
        return call.next.body.length;
    }

    @Override
    public String getCharacterEncoding() {
        return encoding != null ? encoding : HttpHeaders.charset(getContentType());
    }

    @Override
    public void setCharacterEncoding(String name) throws UnsupportedEncodingException {
        "".getBytes(name);
        encoding = name;
    }

    @Override
    public ServletInputStream getInputStream() {
        if (reader != null) {
            throw new IllegalStateException("getReader was called before");
        }
        return stream();
    }

    private Body stream() {
        if (stream == null) {
            stream = new Body(call.next.body);
        }
        return stream;
    }

    @Override
    public BufferedReader getReader() throws IOException {
        if (reader == null) {
            if (stream != null) {
                throw new IllegalStateException("getInputStream was called before");
            }
            reader = new BufferedReader(new InputStreamReader(stream(), charsetName()));
        }
        return reader;
    }

    private String charsetName() {
        String name = getCharacterEncoding();
        return name == null ? "UTF-8" : name;
    }

    @Override
    public Map<String, String[]> getParameterMap() {
        if (parameters == null) {
            Map<String, List<String>> all = new LinkedHashMap<>();
            queries.forEach((name, values) -> all.put(name, new ArrayList<>(values)));
            String type = getContentType();
            if (stream == null && type != null && type.toLowerCase(Locale.ROOT).startsWith("application/x-www-form-urlencoded")) {
                form(all);
            }
            Map<String, String[]> made = new LinkedHashMap<>();
            all.forEach((name, values) -> made.put(name, values.toArray(new String[0])));
            parameters = Collections.unmodifiableMap(made);
        }
        return parameters;
    }

    private void form(Map<String, List<String>> all) {
        try {
            String charset = charsetName();
            for (String pair : new String(call.next.body, charset).split("&")) {
                int equals = pair.indexOf('=');
                String name = URLDecoder.decode(equals < 0 ? pair : pair.substring(0, equals), charset);
                if (!pair.isEmpty()) {
                    all.computeIfAbsent(name, n -> new ArrayList<>()).add(equals < 0 ? "" : URLDecoder.decode(pair.substring(equals + 1), charset));
                }
            }
        } catch (UnsupportedEncodingException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
