package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's two ways to format: {@code '%s' % a} and {@code '{}'.format(a)}. */
final class StringFormat {
    private static final Pattern PERCENT =
            Pattern.compile(
                    "%(?:\\((\\w+)\\))?([-0]?)(\\d{0,3})(?:\\.(\\d{1,2}))?(.)", Pattern.DOTALL);
    private static final Pattern BRACES = Pattern.compile("\\{\\{|\\}\\}|\\{([^{}]*)\\}|[{}]");

    private StringFormat() {}

    /** Returns {@code format % values}. */
    static String percent(String format, Object values) {
        List<Object> all = values instanceof Tuple tuple ? tuple.items() : List.of(values);
        Matcher matcher = PERCENT.matcher(format);
        StringBuilder text = new StringBuilder();
        int used = 0;
        while (matcher.find()) {
            String done;
            if (matcher.group(5).equals("%")) {
                done = "%";
            } else if (matcher.group(1) != null) {
                Object value = values instanceof Map<?, ?> map ? map.get(matcher.group(1)) : null;
                if (value == null) {
                    throw JinjaException.of("the format needs a value " + matcher.group(1));
                }
                done = directive(matcher, value);
                used = all.size();
            } else {
                if (used == all.size()) {
                    throw JinjaException.of("not enough arguments for the format " + format);
                }
                done = directive(matcher, all.get(used++));
            }
            matcher.appendReplacement(text, Matcher.quoteReplacement(done));
        }
        if (used < all.size() && !(values instanceof Map) && !(values instanceof List)) {
            throw JinjaException.of("not all arguments are used by the format " + format);
        }
        return matcher.appendTail(text).toString();
    }

    private static String directive(Matcher matcher, Object value) {
        String kind = matcher.group(5);
        String text =
                switch (kind) {
                    case "s" -> PythonText.str(value);
                    case "r" -> PythonText.repr(value);
                    case "d", "i" -> Long.toString(whole(value));
                    case "x" -> Long.toHexString(whole(value));
                    case "f" -> {
                        String digits = matcher.group(4) == null ? "6" : matcher.group(4);
                        yield String.format(Locale.ROOT, "%." + digits + "f", number(value));
                    }
                    default -> throw JinjaException.of("the format %" + kind + " is not known");
                };
        int width = matcher.group(3).isEmpty() ? 0 : Integer.parseInt(matcher.group(3));
        int missing = Math.max(0, width - (int) Values.length(text));
        return switch (matcher.group(2)) {
            case "-" -> text + " ".repeat(missing);
            case "0" ->
                    kind.equals("s")
                            ? " ".repeat(missing) + text
                            : StringMethods.zeroFilled(text, width);
            default -> " ".repeat(missing) + text;
        };
    }

    private static double number(Object value) {
        if (!Numbers.isNumber(value)) {
            throw JinjaException.of("the format needs a number, and not " + Values.typeName(value));
        }
        return Numbers.real(value);
    }

    private static long whole(Object value) {
        return Numbers.isInteger(value) ? Numbers.whole(value) : (long) number(value);
    }

    /** Returns {@code format.format(…)}, for fields by position and by name. */
    static String braces(String format, CallArguments arguments) {
        Matcher matcher = BRACES.matcher(format);
        StringBuilder text = new StringBuilder();
        int next = 0;
        while (matcher.find()) {
            String done;
            String field = matcher.group(1);
            if (field == null) {
                if (matcher.group().length() == 1) {
                    throw JinjaException.of("a brace stands alone in the format " + format);
                }
                done = matcher.group().substring(1);
            } else if (field.isEmpty()) {
                done = PythonText.str(positional(arguments, next++));
            } else if (field.matches("\\d{1,4}")) {
                done = PythonText.str(positional(arguments, Integer.parseInt(field)));
            } else {
                Object value = arguments.named().get(field);
                if (value == null) {
                    throw JinjaException.of(
                            "the format has the field " + field + " without a value");
                }
                done = PythonText.str(value);
            }
            matcher.appendReplacement(text, Matcher.quoteReplacement(done));
        }
        return matcher.appendTail(text).toString();
    }

    private static Object positional(CallArguments arguments, int index) {
        if (index >= arguments.positional().size()) {
            throw JinjaException.of("the format has no value " + index);
        }
        return arguments.positional().get(index);
    }
}
