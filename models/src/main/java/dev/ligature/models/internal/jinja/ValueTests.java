package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The tests behind {@code is}. */
final class ValueTests {
    private ValueTests() {}

    static boolean test(Object value, String name, CallArguments arguments) {
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value instanceof None;
            case "boolean" -> value instanceof Boolean;
            case "true" -> value.equals(true);
            case "false" -> value.equals(false);
            case "integer" -> value instanceof Long;
            case "float" -> value instanceof Double;
            case "number" -> Numbers.isNumber(value);
            case "string" -> value instanceof String;
            case "mapping" -> value instanceof Map;
            case "sequence" -> Values.isIterable(value);
            case "iterable" -> Values.isIterable(value);
            case "callable" -> value instanceof Callable;
            case "odd" -> remainder(value, 2, name) == 1;
            case "even" -> remainder(value, 2, name) == 0;
            case "divisibleby" ->
                    remainder(value, Numbers.integer(other(name, arguments), name), name) == 0;
            case "lower" ->
                    text(value).equals(text(value).toLowerCase(Locale.ROOT)) && hasCase(value);
            case "upper" ->
                    text(value).equals(text(value).toUpperCase(Locale.ROOT)) && hasCase(value);
            case "in" -> Values.contains(other(name, arguments), value);
            case "sameas" -> same(value, other(name, arguments));
            default -> Operators.compare(operator(name), value, other(name, arguments));
        };
    }

    /** Returns whether there is a test of a name. */
    static void check(String name) {
        if (!NAMES.contains(name)) {
            throw JinjaException.of(
                    "there is no test " + name + "; there are " + String.join(", ", NAMES));
        }
    }

    private static final List<String> NAMES =
            List.of(
                    "boolean",
                    "callable",
                    "defined",
                    "divisibleby",
                    "eq",
                    "equalto",
                    "even",
                    "false",
                    "float",
                    "ge",
                    "greaterthan",
                    "gt",
                    "in",
                    "integer",
                    "iterable",
                    "le",
                    "lessthan",
                    "lower",
                    "lt",
                    "mapping",
                    "ne",
                    "none",
                    "number",
                    "odd",
                    "sameas",
                    "sequence",
                    "string",
                    "true",
                    "undefined",
                    "upper");

    private static String operator(String name) {
        return switch (name) {
            case "eq", "equalto" -> "==";
            case "ne" -> "!=";
            case "lt", "lessthan" -> "<";
            case "le" -> "<=";
            case "gt", "greaterthan" -> ">";
            default -> ">=";
        };
    }

    private static Object other(String name, CallArguments arguments) {
        return arguments.bind(name, "other").get("other");
    }

    private static double remainder(Object value, int divisor, String name) {
        if (!Numbers.isNumber(value)) {
            throw JinjaException.of(
                    "the test " + name + " needs a number, and not " + Values.typeName(value));
        }
        return Numbers.real(Numbers.compute("%", value, (long) divisor));
    }

    private static String text(Object value) {
        return PythonText.str(value);
    }

    private static boolean hasCase(Object value) {
        return text(value)
                .codePoints()
                .anyMatch(c -> Character.isUpperCase(c) || Character.isLowerCase(c));
    }

    private static boolean same(Object value, Object other) {
        boolean single = value instanceof Long || value instanceof Boolean || value instanceof None;
        return single ? value.equals(other) : value == other;
    }
}
