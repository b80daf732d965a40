package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.CallArguments.Bound;
import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** The methods of Python's {@code str} that cut a text. */
final class StringSplits {
    private StringSplits() {}

    static Object split(String self, CallArguments arguments, boolean fromRight) {
        Bound bound = arguments.bind("split", "sep", "maxsplit");
        int most = bound.integer("maxsplit", -1);
        Object separator = bound.get("sep", None.NONE);
        if (separator instanceof None) {
            return splitBlanks(self, most < 0 ? Integer.MAX_VALUE : most, fromRight);
        }
        String mark = Values.text(separator, "split");
        if (mark.isEmpty()) {
            throw JinjaException.of("split needs a separator that is not empty");
        }
        return splitAt(self, mark, most < 0 ? Integer.MAX_VALUE : most, fromRight);
    }

    private static List<Object> splitAt(String self, String mark, int most, boolean fromRight) {
        List<Object> parts = new ArrayList<>();
        String rest = self;
        while (parts.size() < most) {
            int at = fromRight ? rest.lastIndexOf(mark) : rest.indexOf(mark);
            if (at < 0) {
                break;
            }
            int after = at + mark.length();
            parts.add(fromRight ? rest.substring(after) : rest.substring(0, at));
            rest = fromRight ? rest.substring(0, at) : rest.substring(after);
        }
        parts.add(rest);
        if (fromRight) {
            Collections.reverse(parts);
        }
        return parts;
    }

    private static List<Object> splitBlanks(String self, int most, boolean fromRight) {
        List<Object> parts = new ArrayList<>();
        String rest = StringMethods.strip(self, StringMethods::isSpace, !fromRight, fromRight);
        while (!rest.isEmpty()) {
            int at = parts.size() < most ? blank(rest, fromRight) : -1;
            if (at < 0) {
                parts.add(rest);
                break;
            }
            String part = fromRight ? rest.substring(at + 1) : rest.substring(0, at);
            parts.add(part);
            String left = fromRight ? rest.substring(0, at + 1) : rest.substring(at);
            rest = StringMethods.strip(left, StringMethods::isSpace, !fromRight, fromRight);
        }
        if (fromRight) {
            Collections.reverse(parts);
        }
        return parts;
    }

    private static int blank(String text, boolean fromRight) {
        if (fromRight) {
            for (int i = text.length() - 1; i >= 0; i--) {
                if (StringMethods.isSpace(text.charAt(i))) {
                    return i;
                }
            }
            return -1;
        }
        for (int i = 0; i < text.length(); i++) {
            if (StringMethods.isSpace(text.charAt(i))) {
                return i;
            }
        }
        return -1;
    }

    static List<String> lines(String self) {
        List<String> lines =
                new ArrayList<>(
                        Arrays.asList(
                                self.split(
                                        "\r\n|[\n\r\u000b\f\u001c-\u001e\u0085\u2028\u2029]", -1)));
        if (lines.get(lines.size() - 1).isEmpty()) {
            lines.remove(lines.size() - 1);
        }
        return lines;
    }

    static Object partition(String self, CallArguments arguments, boolean first) {
        String mark = StringMethods.one(arguments, "partition");
        if (mark.isEmpty()) {
            throw JinjaException.of("partition needs a separator that is not empty");
        }
        int at = first ? self.indexOf(mark) : self.lastIndexOf(mark);
        if (at < 0) {
            return first ? Tuple.of(self, "", "") : Tuple.of("", "", self);
        }
        return Tuple.of(self.substring(0, at), mark, self.substring(at + mark.length()));
    }
}
