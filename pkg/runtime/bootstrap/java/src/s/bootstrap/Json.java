package s.bootstrap;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON as maps, lists, strings, numbers and booleans. */
final class Json {
    private static final int MAX_DEPTH = 500;

    private final String text;
    private int at;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    /** Reads a document; an IllegalArgumentException says what is wrong with it, and where. */
    static Object parse(String text) {
        Json json = new Json(text);
        Object value = json.value();
        json.blanks();
        if (json.at < text.length()) {
            throw json.wrong("something behind the end");
        }
        return value;
    }

    /** The members of an object; none for anything else. */
    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Object value) {
        return value instanceof Map ? (Map<String, Object>) value : new LinkedHashMap<>();
    }

    private IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException("not JSON: " + what + " at character " + at);
    }

    private void blanks() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private char next() {
        blanks();
        if (at == text.length()) {
            throw wrong("it ends too early");
        }
        return text.charAt(at);
    }

    private boolean skip(char c) {
        if (next() != c) {
            return false;
        }
        at++;
        return true;
    }

    private void expect(char c) {
        if (!skip(c)) {
            throw wrong("no '" + c + "'");
        }
    }

    private Object value() {
        char c = next();
        if (c == '{' || c == '[') {
            if (++depth > MAX_DEPTH) {
                throw wrong("more than " + MAX_DEPTH + " levels");
            }
            at++;
            Object container = c == '{' ? members() : elements();
            depth--;
            return container;
        }
        if (c == '"') {
            return string();
        }
        int start = at;
        while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return word(text.substring(start, at));
    }

    private Map<String, Object> members() {
        Map<String, Object> map = new LinkedHashMap<>();
        if (skip('}')) {
            return map;
        }
        do {
            if (next() != '"') {
                throw wrong("no name");
            }
            String name = string();
            expect(':');
            map.put(name, value());
        } while (skip(','));
        expect('}');
        return map;
    }

    private List<Object> elements() {
        List<Object> list = new ArrayList<>();
        if (skip(']')) {
            return list;
        }
        do {
            list.add(value());
        } while (skip(','));
        expect(']');
        return list;
    }

    private Object word(String word) {
        switch (word) {
            case "true":
                return true;
            case "false":
                return false;
            case "null":
                return null;
            default:
        }
        if (!word.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?")) {
            throw wrong("unknown word '" + word + "'");
        }
        if (word.indexOf('.') >= 0 || word.indexOf('e') >= 0 || word.indexOf('E') >= 0) {
            return new BigDecimal(word);
        }
        BigInteger number = new BigInteger(word);
        if (number.bitLength() < 32) {
            return number.intValue();
        }
        return number.bitLength() < 64 ? (Object) number.longValue() : number;
    }

    private String string() {
        StringBuilder b = new StringBuilder();
        while (++at < text.length()) {
            char c = text.charAt(at);
            if (c == '"') {
                at++;
                return b.toString();
            }
            if (c < ' ') {
                throw wrong("a control character in a string");
            }
            b.append(c == '\\' ? escaped() : c);
        }
        throw wrong("a string without end");
    }

    private char escaped() {
        char c = ++at < text.length() ? text.charAt(at) : 0;
        int known = "\"\\/bfnrt".indexOf(c);
        if (c != 0 && known >= 0) {
            return "\"\\/\b\f\n\r\t".charAt(known);
        }
        String digits = c == 'u' && at + 5 <= text.length() ? text.substring(at + 1, at + 5) : "";
        if (!digits.matches("[0-9a-fA-F]{4}")) {
            throw wrong("an unknown escape");
        }
        at += 4;
        return (char) Integer.parseInt(digits, 16);
    }

    /** Writes a document without blanks. */
    static byte[] compact(Object value) {
        return write(value, "{", ":", ",", "}", "[", "]");
    }

    /** Writes a document of one object as Function Compute's Java runtime does its errors. */
    static byte[] pretty(Map<String, Object> doc) {
        return write(doc, "{\n  ", " : ", ",\n  ", "\n}", "[ ", " ]");
    }

    private static byte[] write(Object value, String open, String colon, String comma, String close, String first, String last) {
        StringBuilder b = new StringBuilder();
        append(b, value, new String[] {open, colon, comma, close, first, last});
        return b.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void append(StringBuilder b, Object value, String[] marks) {
        if (value instanceof Map) {
            Iterator<? extends Map.Entry<?, ?>> all = ((Map<?, ?>) value).entrySet().iterator();
            b.append(marks[0]);
            while (all.hasNext()) {
                Map.Entry<?, ?> e = all.next();
                quote(b, String.valueOf(e.getKey()));
                append(b.append(marks[1]), e.getValue(), marks);
                b.append(all.hasNext() ? marks[2] : "");
            }
            b.append(marks[3]);
        } else if (value instanceof List) {
            Iterator<?> all = ((List<?>) value).iterator();
            b.append(marks[4]);
            while (all.hasNext()) {
                append(b, all.next(), marks);
                b.append(all.hasNext() ? marks[2].startsWith(",\n") ? ", " : "," : "");
            }
            b.append(marks[5]);
        } else if (value == null || value instanceof Number || value instanceof Boolean) {
            b.append(value);
        } else {
            quote(b, value.toString());
        }
    }

    private static void quote(StringBuilder b, String text) {
        b.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int known = "\"\\\b\f\n\r\t".indexOf(c);
            if (known >= 0) {
                b.append('\\').append("\"\\bfnrt".charAt(known));
            } else if (c < ' ' || Character.isSurrogate(c) && !paired(text, i)) {
                b.append(String.format("\\u%04x", (int) c));
            } else {
                b.append(c);
            }
        }
        b.append('"');
    }

    private static boolean paired(String text, int i) {
        return Character.isHighSurrogate(text.charAt(i))
            ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
            : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
    }
}
