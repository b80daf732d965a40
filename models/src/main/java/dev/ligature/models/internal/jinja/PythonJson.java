package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Values as Python's {@code json.dumps} writes them. */
final class PythonJson {
    private final StringBuilder json = new StringBuilder();
    private final boolean ascii;
    private final boolean sorted;
    private final Optional<String> indent;
    private final String comma;
    private final String colon;

    private PythonJson(CallArguments.Bound options) {
        this.ascii = options.flag("ensure_ascii");
        this.sorted = options.flag("sort_keys");
        Object width = options.get("indent", None.NONE);
        this.indent =
                width instanceof None
                        ? Optional.empty()
                        : Optional.of(
                                width instanceof String text
                                        ? text
                                        : " "
                                                .repeat(
                                                        Math.max(
                                                                0,
                                                                Math.min(
                                                                        100,
                                                                        Numbers.integer(
                                                                                width,
                                                                                "tojson")))));
        Object separators = options.get("separators", None.NONE);
        if (separators instanceof None) {
            this.comma = indent.isPresent() ? "," : ", ";
            this.colon = ": ";
        } else {
            List<Object> both = Values.iterate(separators);
            if (both.size() != 2) {
                throw JinjaException.of("tojson needs two separators, and not " + both.size());
            }
            this.comma = Values.text(both.get(0), "tojson");
            this.colon = Values.text(both.get(1), "tojson");
        }
    }

    /** Returns a value in JSON; the options are those of the filter {@code tojson}. */
    static String write(Object value, CallArguments options) {
        PythonJson writer =
                new PythonJson(
                        options.bind(
                                "tojson", "ensure_ascii", "indent", "separators", "sort_keys"));
        writer.value(value, 0);
        return writer.json.toString();
    }

    private void value(Object value, int depth) {
        Values.checkDepth(depth);
        if (value instanceof String text) {
            string(text);
        } else if (value instanceof None) {
            json.append("null");
        } else if (value instanceof Boolean || value instanceof Long) {
            json.append(value);
        } else if (value instanceof Double real) {
            json.append(real(real));
        } else if (value instanceof Map<?, ?> map) {
            map(map, depth);
        } else if (Values.isSequence(value)) {
            list(Values.items(value), depth);
        } else {
            throw JinjaException.of(
                    "object of type " + Values.typeName(value) + " is not JSON serializable");
        }
    }

    private static String real(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "Infinity" : "-Infinity";
        }
        return PythonText.real(value);
    }

    private void list(List<Object> items, int depth) {
        if (items.isEmpty()) {
            json.append("[]");
            return;
        }
        json.append('[');
        String before = "";
        for (Object item : items) {
            json.append(before);
            line(depth + 1);
            value(item, depth + 1);
            before = comma;
        }
        line(depth);
        json.append(']');
    }

    private void map(Map<?, ?> map, int depth) {
        if (map.isEmpty()) {
            json.append("{}");
            return;
        }
        List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
        if (sorted) {
            entries.sort(Comparator.comparing(Map.Entry::getKey, Values::compare));
        }
        json.append('{');
        String before = "";
        for (Map.Entry<?, ?> entry : entries) {
            json.append(before);
            line(depth + 1);
            string(key(entry.getKey()));
            json.append(colon);
            value(entry.getValue(), depth + 1);
            before = comma;
        }
        line(depth);
        json.append('}');
    }

    private static String key(Object key) {
        if (key instanceof String text) {
            return text;
        }
        if (key instanceof None) {
            return "null";
        }
        if (key instanceof Double real) {
            return real(real);
        }
        if (key instanceof Boolean || key instanceof Long) {
            return key.toString();
        }
        throw JinjaException.of("a key of JSON cannot be " + Values.typeName(key));
    }

    private void line(int depth) {
        indent.ifPresent(
                blanks -> {
                    json.append('\n');
                    for (int i = 0; i < depth; i++) {
                        json.append(blanks);
                    }
                });
    }

    private void string(String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> json.append("\\\"");
                case '\\' -> json.append("\\\\");
                case '\n' -> json.append("\\n");
                case '\r' -> json.append("\\r");
                case '\t' -> json.append("\\t");
                case '\f' -> json.append("\\f");
                case '\b' -> json.append("\\b");
                default -> {
                    if (c < ' ' || (ascii && c > '~')) {
                        json.append(String.format("\\u%04x", (int) c));
                    } else {
                        json.append(c);
                    }
                }
            }
        }
        json.append('"');
    }
}
