package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** What Python says of values: truth, equality, order, types. */
final class Values {
    /** How deeply lists and maps may nest where they are compared or printed. */
    static final int DEEPEST = 200;

    private Values() {}

    static boolean isTrue(Object value) {
        if (value instanceof Boolean flag) {
            return flag;
        }
        if (value instanceof String text) {
            return !text.isEmpty();
        }
        if (value instanceof Long || value instanceof Double) {
            return Numbers.real(value) != 0;
        }
        if (value instanceof Map<?, ?> map) {
            return !map.isEmpty();
        }
        if (isSequence(value)) {
            return !items(value).isEmpty();
        }
        return !(value instanceof None || value instanceof Undefined);
    }

    static boolean isSequence(Object value) {
        return value instanceof List || value instanceof Tuple;
    }

    /** Returns the values of a list or tuple. */
    @SuppressWarnings("unchecked")
    static List<Object> items(Object value) {
        return value instanceof Tuple tuple ? tuple.items() : (List<Object>) value;
    }

    /** Returns what a loop goes through. */
    static List<Object> iterate(Object value) {
        if (isSequence(value)) {
            return items(value);
        }
        if (value instanceof Map<?, ?> map) {
            return new ArrayList<>(map.keySet());
        }
        if (value instanceof String text) {
            List<Object> characters = new ArrayList<>();
            text.codePoints().mapToObj(Character::toString).forEach(characters::add);
            return characters;
        }
        if (value instanceof Undefined) {
            return List.of();
        }
        throw JinjaException.of(described(value) + " is not iterable");
    }

    static boolean isIterable(Object value) {
        return isSequence(value)
                || value instanceof Map
                || value instanceof String
                || value instanceof Undefined;
    }

    static long length(Object value) {
        if (value instanceof String text) {
            return text.codePointCount(0, text.length());
        }
        if (value instanceof Map<?, ?> map) {
            return map.size();
        }
        if (value instanceof Undefined) {
            return 0;
        }
        if (isSequence(value)) {
            return items(value).size();
        }
        throw JinjaException.of("object of type " + typeName(value) + " has no length");
    }

    /** Returns a value that must be a text. */
    static String text(Object value, String function) {
        if (value instanceof String text) {
            return text;
        }
        if (value instanceof Undefined undefined) {
            throw undefined.error();
        }
        throw JinjaException.of(function + " needs a text, and not " + typeName(value));
    }

    static boolean equal(Object left, Object right) {
        return equal(left, right, 0);
    }

    private static boolean equal(Object left, Object right, int depth) {
        checkDepth(depth);
        if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
            boolean whole = Numbers.isInteger(left) && Numbers.isInteger(right);
            return whole
                    ? Numbers.whole(left) == Numbers.whole(right)
                    : Numbers.real(left) == Numbers.real(right);
        }
        if (left instanceof Undefined) {
            return right instanceof Undefined;
        }
        if (left instanceof Map<?, ?> map && right instanceof Map<?, ?> other) {
            return map.size() == other.size()
                    && map.entrySet().stream()
                            .allMatch(
                                    entry -> {
                                        Object value = other.get(entry.getKey());
                                        return value != null
                                                && equal(entry.getValue(), value, depth + 1);
                                    });
        }
        if (isSequence(left) && isSequence(right)) {
            if ((left instanceof Tuple) != (right instanceof Tuple)
                    || items(left).size() != items(right).size()) {
                return false;
            }
            Iterator<Object> others = items(right).iterator();
            for (Object item : items(left)) {
                if (!equal(item, others.next(), depth + 1)) {
                    return false;
                }
            }
            return true;
        }
        if (left instanceof Map || isSequence(left)) {
            return false;
        }
        return left.equals(right);
    }

    static void checkDepth(int depth) {
        if (depth > DEEPEST) {
            throw JinjaException.of("a value nests more deeply than " + DEEPEST + " levels");
        }
    }

    /** Compares as {@code <} does; values of other types have no order. */
    static int compare(Object left, Object right) {
        return compare(left, right, 0);
    }

    private static int compare(Object left, Object right, int depth) {
        checkDepth(depth);
        if (Numbers.isInteger(left) && Numbers.isInteger(right)) {
            return Long.compare(Numbers.whole(left), Numbers.whole(right));
        }
        if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
            return Double.compare(Numbers.real(left), Numbers.real(right));
        }
        if (left instanceof String text && right instanceof String other) {
            return compareTexts(text, other);
        }
        if (isSequence(left)
                && isSequence(right)
                && (left instanceof Tuple) == (right instanceof Tuple)) {
            Iterator<Object> others = items(right).iterator();
            for (Object item : items(left)) {
                if (!others.hasNext()) {
                    return 1;
                }
                Object other = others.next();
                if (!equal(item, other)) {
                    return compare(item, other, depth + 1);
                }
            }
            return others.hasNext() ? -1 : 0;
        }
        for (Object side : List.of(left, right)) {
            if (side instanceof Undefined undefined) {
                throw undefined.error();
            }
        }
        throw JinjaException.of(typeName(left) + " and " + typeName(right) + " cannot be compared");
    }

    private static int compareTexts(String left, String right) {
        int[] a = left.codePoints().toArray();
        int[] b = right.codePoints().toArray();
        return Arrays.compare(a, b);
    }

    static boolean contains(Object whole, Object part) {
        if (whole instanceof String text) {
            return text.contains(text(part, "in"));
        }
        if (whole instanceof Map<?, ?> map) {
            if (part instanceof List || part instanceof Map) {
                throw JinjaException.of(typeName(part) + " cannot be a key");
            }
            return map.containsKey(part);
        }
        return iterate(whole).stream().anyMatch(item -> equal(item, part));
    }

    /** Returns Python's name of a value's type, quoted. */
    static String typeName(Object value) {
        return "'" + type(value) + "'";
    }

    /** Returns a value as Jinja2's messages call it. */
    static String described(Object value) {
        return value instanceof None ? "'None'" : "'" + type(value) + " object'";
    }

    private static String type(Object value) {
        if (value instanceof String) {
            return "str";
        }
        if (value instanceof Boolean) {
            return "bool";
        }
        if (value instanceof Long) {
            return "int";
        }
        if (value instanceof Double) {
            return "float";
        }
        if (value instanceof Map) {
            return "dict";
        }
        if (value instanceof List) {
            return "list";
        }
        if (value instanceof Tuple) {
            return "tuple";
        }
        if (value instanceof None) {
            return "NoneType";
        }
        return value instanceof Undefined
                ? "Undefined"
                : value instanceof Namespace ? "Namespace" : "function";
    }
}
