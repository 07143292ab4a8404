package s.bootstrap;

import java.text.ParsePosition;
import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.Locale;
import java.util.TimeZone;

/** Values of HTTP headers. */
final class HttpHeaders {
    private static final String DATE = "EEE, dd MMM yyyy HH:mm:ss 'GMT'";

    private HttpHeaders() {
    }

    /** The charset that a content type names, null if it names none. */
    static String charset(String contentType) {
        if (contentType == null) {
            return null;
        }
        for (String part : contentType.split(";")) {
            String word = part.trim();
            if (word.toLowerCase(Locale.ROOT).startsWith("charset=")) {
                return word.substring(8).replace("\"", "");
            }
        }
        return null;
    }

    private static SimpleDateFormat format() {
        SimpleDateFormat format = new SimpleDateFormat(DATE, Locale.US);
        format.setTimeZone(TimeZone.getTimeZone("GMT"));
        return format;
    }

    static String date(long millis) {
        return format().format(new Date(millis));
    }

    /** The time of a date, -1 without one. */
    static long date(String value) {
        if (value == null) {
            return -1;
        }
        Date date = format().parse(value, new ParsePosition(0));
        if (date == null) {
            throw new IllegalArgumentException("not a date of HTTP: " + value);
        }
        return date.getTime();
    }

    /** A value that can't end its line. */
    static String clean(String value) {
        return value.replace('\r', ' ').replace('\n', ' ');
    }
}
