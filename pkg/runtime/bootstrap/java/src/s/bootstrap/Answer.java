package s.bootstrap;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** What the Runtime API answered: to "next", an invocation. */
final class Answer {
    final int status;
    /** By name, in lower case. */
    final Map<String, String> headers = new HashMap<>(64);

    byte[] body;

    Answer(int status) {
        this.status = status;
    }

    /** A header's value, "" without it. */
    String get(String name) {
        String value = headers.get(name);
        return value == null ? "" : value;
    }

    /** A header that is a number, 0 without it. */
    int number(String name) {
        try {
            return Integer.parseInt(get(name));
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    String text() {
        return new String(body, StandardCharsets.UTF_8);
    }
}
