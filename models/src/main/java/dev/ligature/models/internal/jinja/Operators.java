package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.JinjaException;
import java.util.ArrayList;
import java.util.List;

/** The operators of expressions. */
final class Operators {
    private final Budget budget;

    Operators(Budget budget) {
        this.budget = budget;
    }

    Object binary(String operator, Object left, Object right) {
        if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
            return Numbers.compute(operator, left, right);
        }
        if (operator.equals("%") && left instanceof String text) {
            return budget.made(StringFormat.percent(text, right));
        }
        for (Object side : List.of(left, right)) {
            if (side instanceof Undefined undefined) {
                throw undefined.error();
            }
        }
        if (operator.equals("+") && left instanceof String text && right instanceof String other) {
            budget.make(text.length() + other.length());
            return text + other;
        }
        if (operator.equals("+")
                && Values.isSequence(left)
                && Values.isSequence(right)
                && (left instanceof Tuple) == (right instanceof Tuple)) {
            budget.make(Values.length(left) + Values.length(right));
            List<Object> all = new ArrayList<>(Values.items(left));
            all.addAll(Values.items(right));
            return left instanceof Tuple ? new Tuple(all) : all;
        }
        if (operator.equals("*") && Numbers.isInteger(left)) {
            return repeated(right, left);
        }
        if (operator.equals("*") && Numbers.isInteger(right)) {
            return repeated(left, right);
        }
        throw unsupported(operator, left, right);
    }

    private Object repeated(Object value, Object count) {
        int times = Math.max(0, Numbers.integer(count, "*"));
        if (value instanceof String text) {
            budget.make((long) text.length() * times);
            return text.repeat(times);
        }
        if (!Values.isSequence(value)) {
            throw unsupported("*", value, count);
        }
        List<Object> items = Values.items(value);
        budget.make((long) items.size() * times);
        List<Object> all = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            all.addAll(items);
        }
        return value instanceof Tuple ? new Tuple(all) : all;
    }

    private static JinjaException unsupported(String operator, Object left, Object right) {
        return JinjaException.of(
                "unsupported operand types for "
                        + operator
                        + ": "
                        + Values.typeName(left)
                        + " and "
                        + Values.typeName(right));
    }

    static boolean compare(String operator, Object left, Object right) {
        return switch (operator) {
            case "==" -> Values.equal(left, right);
            case "!=" -> !Values.equal(left, right);
            case "in" -> Values.contains(right, left);
            case "not in" -> !Values.contains(right, left);
            case "<" -> Values.compare(left, right) < 0;
            case "<=" -> Values.compare(left, right) <= 0;
            case ">" -> Values.compare(left, right) > 0;
            default -> Values.compare(left, right) >= 0;
        };
    }
}
