package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Times as Python's {@code strftime} writes them in English. */
final class TimeFormat {
    private TimeFormat() {}

    static String format(String format, ZonedDateTime time) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                text.append(c);
                continue;
            }
            char directive = format.charAt(++i);
            boolean bare = directive == '-' && i + 1 < format.length(); // %-d: without zeros
            String part = part(bare ? format.charAt(++i) : directive, time);
            text.append(bare ? part.replaceFirst("^0+(?=\\d)", "") : part);
        }
        return text.toString();
    }

    private static String part(char directive, ZonedDateTime time) {
        String pattern =
                switch (directive) {
                    case 'Y' -> "yyyy";
                    case 'y' -> "yy";
                    case 'm' -> "MM";
                    case 'B' -> "MMMM";
                    case 'b', 'h' -> "MMM";
                    case 'd' -> "dd";
                    case 'e' -> "ppd";
                    case 'j' -> "DDD";
                    case 'A' -> "EEEE";
                    case 'a' -> "EEE";
                    case 'H' -> "HH";
                    case 'I' -> "hh";
                    case 'M' -> "mm";
                    case 'S' -> "ss";
                    case 'f' -> "SSSSSS";
                    case 'p' -> "a";
                    case 'z' -> "xx";
                    case 'Z' -> "zzz";
                    case 'F' -> "yyyy-MM-dd";
                    case 'T' -> "HH:mm:ss";
                    case 'D' -> "MM/dd/yy";
                    case 'R' -> "HH:mm";
                    case '%' -> "'%'";
                    case 'n' -> "'\n'";
                    case 't' -> "'\t'";
                    default -> throw JinjaException.of("strftime_now does not know %" + directive);
                };
        return DateTimeFormatter.ofPattern(pattern, Locale.US).format(time);
    }
}
