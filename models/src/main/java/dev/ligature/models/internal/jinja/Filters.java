package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.CallArguments.Bound;
import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The filters of single values; those of lists are {@link ListFilters}. */
final class Filters {
    /** A filter. */
    interface Filter {
        Object apply(Object value, CallArguments arguments);
    }

    private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);

    private final Budget budget;
    private final Map<String, Filter> filters = new TreeMap<>();

    Filters(Budget budget, Members members) {
        this.budget = budget;
        new ListFilters(this, members, budget).addTo(filters);
        filters.put("string", (value, none) -> PythonText.str(value));
        filters.put("safe", (value, none) -> PythonText.str(value));
        filters.put("upper", (value, none) -> text(value).toUpperCase(Locale.ROOT));
        filters.put("lower", (value, none) -> text(value).toLowerCase(Locale.ROOT));
        filters.put("capitalize", (value, none) -> StringMethods.capitalize(text(value)));
        filters.put("title", (value, none) -> title(text(value)));
        filters.put("trim", (value, given) -> trim(text(value), given));
        filters.put("replace", (value, given) -> replace(text(value), given));
        filters.put("center", (value, given) -> center(text(value), given));
        filters.put("indent", (value, given) -> indent(Values.text(value, "indent"), given));
        filters.put("truncate", (value, given) -> truncate(Values.text(value, "truncate"), given));
        filters.put("wordcount", (value, none) -> words(text(value)));
        filters.put("format", this::format);
        filters.put("escape", (value, none) -> escape(text(value)));
        filters.put("e", (value, none) -> escape(text(value)));
        filters.put(
                "urlencode",
                (value, none) -> PercentEncoding.encode(Values.text(value, "urlencode")));
        filters.put("tojson", PythonJson::write);
        filters.put("default", Filters::otherwise);
        filters.put("d", Filters::otherwise);
        filters.put("int", Filters::integer);
        filters.put("float", Filters::real);
        filters.put("abs", (value, none) -> absolute(value));
        filters.put("round", Filters::round);
        filters.put(
                "attr",
                (value, given) ->
                        members.ownAttribute(value, given.bind("attr", "name").text("name", "")));
    }

    Object apply(Object value, String name, CallArguments arguments) {
        Filter filter = filters.get(name);
        if (filter == null) {
            throw JinjaException.of(
                    "there is no filter "
                            + name
                            + "; there are "
                            + String.join(", ", filters.keySet()));
        }
        Object result = filter.apply(value, arguments);
        if (result instanceof String text) {
            budget.make(text.length());
        }
        return result;
    }

    private static String text(Object value) {
        return PythonText.str(value);
    }

    /** Jinja2's words begin after blanks, hyphens and opening brackets. */
    private static String title(String text) {
        StringBuilder title = new StringBuilder();
        boolean begins = true;
        for (int c : text.codePoints().toArray()) {
            String character = Character.toString(c);
            title.append(
                    begins
                            ? character.toUpperCase(Locale.ROOT)
                            : character.toLowerCase(Locale.ROOT));
            begins = StringMethods.isSpace(c) || "-({[<".indexOf(c) >= 0;
        }
        return title.toString();
    }

    private static Object trim(String text, CallArguments arguments) {
        Object characters = arguments.bind("trim", "chars").get("chars", None.NONE);
        return characters instanceof None
                ? StringMethods.strip(text, StringMethods::isSpace, true, true)
                : StringMethods.strip(
                        text, c -> Values.text(characters, "trim").indexOf(c) >= 0, true, true);
    }

    private Object replace(String text, CallArguments arguments) {
        Bound bound = arguments.bind("replace", "old", "new", "count");
        return StringMethods.replace(text, bound, budget);
    }

    private Object center(String text, CallArguments arguments) {
        int width = arguments.bind("center", "width").integer("width", 80);
        budget.make(Math.max(0, width));
        return StringMethods.centered(text, width);
    }

    private Object indent(String text, CallArguments arguments) {
        Bound bound = arguments.bind("indent", "width", "first", "blank");
        Object width = bound.get("width", 4L);
        int blanks = width instanceof String ? 0 : Math.max(0, Numbers.integer(width, "indent"));
        List<String> lines = StringSplits.lines(text + "\n");
        budget.make((long) blanks * lines.size());
        String before = width instanceof String given ? given : " ".repeat(blanks);
        StringBuilder result = new StringBuilder(bound.flag("first") ? before : "");
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            result.append(i == 0 ? "" : "\n");
            result.append(i > 0 && (bound.flag("blank") || !line.isEmpty()) ? before : "");
            result.append(line);
        }
        return result.toString();
    }

    private static Object truncate(String text, CallArguments arguments) {
        Bound bound = arguments.bind("truncate", "length", "killwords", "end", "leeway");
        int length = bound.integer("length", 255);
        String end = bound.text("end", "...");
        if (Values.length(text) <= length + bound.integer("leeway", 5)) {
            return text;
        }
        int kept = length - (int) Values.length(end);
        if (kept < 0) {
            throw JinjaException.of("truncate needs a length of at least that of its end");
        }
        String begin = text.substring(0, text.offsetByCodePoints(0, kept));
        int blank = begin.lastIndexOf(' ');
        return (bound.flag("killwords") || blank < 0 ? begin : begin.substring(0, blank)) + end;
    }

    private static Object words(String text) {
        return WORD.matcher(text).results().count();
    }

    private Object format(Object value, CallArguments arguments) {
        Object values =
                arguments.named().isEmpty() ? new Tuple(arguments.positional()) : arguments.named();
        return StringFormat.percent(text(value), values);
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;");
    }

    private static Object otherwise(Object value, CallArguments arguments) {
        Bound bound = arguments.bind("default", "default_value", "boolean");
        boolean absent =
                value instanceof Undefined || (bound.flag("boolean") && !Values.isTrue(value));
        return absent ? bound.get("default_value", "") : value;
    }

    private static Object integer(Object value, CallArguments arguments) {
        Bound bound = arguments.bind("int", "default", "base");
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        try {
            if (Numbers.isInteger(value)) {
                return Numbers.whole(value);
            }
            if (value instanceof Double real && Double.isFinite(real)) {
                return new BigDecimal(real).toBigInteger().longValueExact();
            }
            if (value instanceof String text) {
                return whole(text.strip(), bound.integer("base", 10));
            }
        } catch (ArithmeticException | NumberFormatException e) {
            return bound.get("default", 0L); // as Jinja2 does
        }
        return bound.get("default", 0L);
    }

    private static long whole(String text, int base) {
        try {
            return Long.parseLong(text, base);
        } catch (NumberFormatException e) {
            return new BigDecimal(text).toBigInteger().longValueExact();
        }
    }

    private static Object real(Object value, CallArguments arguments) {
        Object otherwise = arguments.bind("float", "default").get("default", 0.0);
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (Numbers.isNumber(value)) {
            return Numbers.real(value);
        }
        try {
            return value instanceof String text
                    ? new BigDecimal(text.strip()).doubleValue()
                    : otherwise;
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }

    private static Object absolute(Object value) {
        if (!Numbers.isNumber(value)) {
            throw JinjaException.of("abs needs a number, and not " + Values.typeName(value));
        }
        if (Numbers.isInteger(value)) {
            return Math.absExact(Numbers.whole(value));
        }
        return Math.abs(Numbers.real(value));
    }

    private static Object round(Object value, CallArguments arguments) {
        Bound bound = arguments.bind("round", "precision", "method");
        if (!Numbers.isNumber(value)) {
            throw JinjaException.of("round needs a number, and not " + Values.typeName(value));
        }
        int precision = Math.max(-300, Math.min(300, bound.integer("precision", 0)));
        String method = bound.text("method", "common");
        RoundingMode mode =
                switch (method) {
                    case "common" -> RoundingMode.HALF_EVEN;
                    case "ceil" -> RoundingMode.CEILING;
                    case "floor" -> RoundingMode.FLOOR;
                    default ->
                            throw JinjaException.of(
                                    "round knows common, ceil and floor, and not " + method);
                };
        if (Numbers.isInteger(value) && precision >= 0 && mode == RoundingMode.HALF_EVEN) {
            return Numbers.whole(value);
        }
        double real = Numbers.real(value);
        return Double.isFinite(real)
                ? new BigDecimal(real).setScale(precision, mode).doubleValue()
                : (Object) real;
    }
}
