package s.bootstrap;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/** A kept connection to the Runtime API. */
final class Client {
    private static final String BASE = "/2020-11-11/runtime/";
    private static final int LARGE = 64 << 10;

    private final InputStream in;
    private final OutputStream out;
    private final byte[] ask;
    private final String common;
    private byte[] buf = new byte[16 << 10];
    private int start;
    private int end;

    Client(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        Socket socket = new Socket(Proxy.NO_PROXY); // whatever proxy the function's options name
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress(
            address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))));
        in = socket.getInputStream();
        out = socket.getOutputStream();
        common = "Host: " + address + "\r\nUser-Agent: s-java/1\r\n";
        ask = bytes("GET " + BASE + "invocation/next HTTP/1.1\r\n" + common + "\r\n");
    }

    /** Ask for the next invocation. */
    void ask() throws IOException {
        out.write(ask);
    }

    /** Send an outcome, and with ask, in the same write, ask for the next invocation. */
    void post(Outcome outcome, boolean askNext) throws IOException {
        int length = outcome.body.size();
        StringBuilder text = new StringBuilder(256).append("POST ").append(BASE).append("invocation/").append(outcome.path)
            .append(" HTTP/1.1\r\n").append(common).append("Content-Type: application/octet-stream\r\n");
        if (outcome.params != null) {
            text.append("x-fc-http-params: ").append(outcome.params).append("\r\n");
        }
        byte[] head = bytes(text.append("Content-Length: ").append(length).append("\r\n\r\n").toString());
        int tail = askNext ? ask.length : 0;
        if (length > LARGE) {
            out.write(head);
            outcome.body.writeTo(out);
            out.write(ask, 0, tail);
            return;
        }
        byte[] all = new byte[head.length + length + tail];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(outcome.body.shared(), 0, all, head.length, length);
        System.arraycopy(ask, 0, all, head.length + length, tail);
        out.write(all);
    }

    /** Read one answer. */
    Answer read() throws IOException {
        int blank = head();
        int line = lineEnd(start, blank);
        Answer answer = new Answer(status(line));
        for (int at = line + 2; at < blank; at = line + 2) {
            line = lineEnd(at, blank);
            header(answer, at, line);
        }
        start = blank + 4;
        int length = Integer.parseInt(answer.get("content-length"));
        byte[] body = new byte[length];
        int have = Math.min(length, end - start);
        System.arraycopy(buf, start, body, 0, have);
        start += have;
        while (have < length) {
            have += some(in.read(body, have, length - have));
        }
        answer.body = body;
        return answer;
    }

    /** Reads until the end of an answer's headers, and gives its place. */
    private int head() throws IOException {
        if (start > 0) {
            System.arraycopy(buf, start, buf, 0, end - start);
            end -= start;
            start = 0;
        }
        int from = 0;
        while (true) {
            for (int i = from; i + 3 < end; i++) {
                if (buf[i] == '\r' && buf[i + 1] == '\n' && buf[i + 2] == '\r' && buf[i + 3] == '\n') {
                    return i;
                }
            }
            from = Math.max(0, end - 3);
            if (end == buf.length) {
                if (end >= 1 << 20) {
                    throw new IOException("an answer of the Runtime API has no end of headers");
                }
                buf = Arrays.copyOf(buf, 2 * end);
            }
            end += some(in.read(buf, end, buf.length - end));
        }
    }

    private static int some(int n) throws IOException {
        if (n < 0) {
            throw new EOFException("the Runtime API closed the connection");
        }
        return n;
    }

    private int lineEnd(int from, int limit) {
        int i = from;
        while (i < limit && !(buf[i] == '\r' && buf[i + 1] == '\n')) {
            i++;
        }
        return i;
    }

    /** The status of "HTTP/1.1 200 OK". */
    private int status(int line) throws IOException {
        String[] words = new String(buf, start, line - start, StandardCharsets.ISO_8859_1).split(" ", 3);
        try {
            return Integer.parseInt(words[1]);
        } catch (RuntimeException e) {
            throw new IOException("an answer of the Runtime API begins with " + String.join(" ", words));
        }
    }

    private void header(Answer answer, int from, int to) {
        int colon = from;
        while (colon < to && buf[colon] != ':') {
            colon++;
        }
        int value = colon + 1;
        while (value < to && buf[value] == ' ') {
            value++;
        }
        String name = new String(buf, from, colon - from, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
        answer.headers.put(name, value < to ? new String(buf, value, to - value, StandardCharsets.UTF_8) : "");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
