package dev.ligature.models.chat;

import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.internal.jinja.None;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Values of JSON as a template's, which a template cannot change. */
final class TemplateValues {
    private static final int DEEPEST = 100;

    private TemplateValues() {}

    static Object of(@Nullable Object value, String path) {
        return of(value, path, 0);
    }

    private static Object of(@Nullable Object value, String path, int depth) {
        if (depth > DEEPEST) {
            throw ModelMessage.CHAT_VALUE.error(
                    path, "nests more deeply than " + DEEPEST + " levels");
        }
        if (value == null) {
            return None.NONE;
        }
        if (value instanceof String || value instanceof Boolean || value instanceof Long) {
            return value;
        }
        if (value instanceof Number number) {
            return number(number, path);
        }
        if (value instanceof List<?> list) {
            List<Object> items = new ArrayList<>(list.size());
            for (Object item : list) {
                items.add(of(item, path + "[" + items.size() + "]", depth + 1));
            }
            return items;
        }
        if (value instanceof Map<?, ?> map) {
            Map<Object, Object> members = new LinkedHashMap<>();
            for (Map.Entry<?, ?> member : map.entrySet()) {
                String key = String.valueOf(member.getKey());
                members.put(key, of(member.getValue(), path + "." + key, depth + 1));
            }
            return members;
        }
        throw ModelMessage.CHAT_VALUE.error(path, "is a " + value.getClass().getName());
    }

    /** A number without point and exponent is a whole one, as in Python's JSON. */
    private static Object number(Number number, String path) {
        if (number instanceof Double || number instanceof Float) {
            return number.doubleValue();
        }
        boolean whole =
                number instanceof Integer
                        || number instanceof Short
                        || number instanceof Byte
                        || number instanceof BigInteger
                        || (number instanceof BigDecimal decimal && decimal.scale() == 0);
        if (!whole) {
            return number.doubleValue();
        }
        try {
            return new BigDecimal(number.toString()).longValueExact();
        } catch (ArithmeticException e) {
            throw ModelMessage.CHAT_VALUE.error(path, "is a whole number beyond 64 bits");
        }
    }
}
