package dev.ligature.models.internal.jinja;

import dev.ligature.models.internal.jinja.syntax.JinjaException;

/** Numbers, as Python computes with them; integers have 64 bits. */
final class Numbers {
    private Numbers() {}

    static boolean isNumber(Object value) {
        return value instanceof Long || value instanceof Double || value instanceof Boolean;
    }

    static boolean isInteger(Object value) {
        return value instanceof Long || value instanceof Boolean;
    }

    static long whole(Object value) {
        return value instanceof Boolean flag ? (flag ? 1 : 0) : (Long) value;
    }

    static double real(Object value) {
        return value instanceof Double real ? real : whole(value);
    }

    /** Returns an integer argument. */
    static int integer(Object value, String function) {
        if (!isInteger(value)) {
            throw JinjaException.of(
                    function + " needs an integer, and not " + Values.typeName(value));
        }
        return Math.toIntExact(
                Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, whole(value))));
    }

    static Object negative(Object value) {
        if (isInteger(value)) {
            return Math.negateExact(whole(value));
        }
        if (value instanceof Double real) {
            return -real;
        }
        throw JinjaException.of("bad operand type for unary -: " + Values.typeName(value));
    }

    /** Computes with two numbers. */
    static Object compute(String operator, Object left, Object right) {
        try {
            return isInteger(left) && isInteger(right)
                    ? compute(operator, whole(left), whole(right))
                    : compute(operator, real(left), real(right));
        } catch (ArithmeticException e) {
            throw JinjaException.of(
                    "the result of " + left + " " + operator + " " + right + " is too large");
        }
    }

    private static Object compute(String operator, long left, long right) {
        return switch (operator) {
            case "+" -> Math.addExact(left, right);
            case "-" -> Math.subtractExact(left, right);
            case "*" -> Math.multiplyExact(left, right);
            case "/" -> (double) left / divisor(right);
            case "//" -> Math.floorDiv(left, divisor(right));
            case "%" -> Math.floorMod(left, divisor(right));
            default ->
                    right < 0
                            ? (Object) Math.pow((double) left, (double) right)
                            : (Object) power(left, right);
        };
    }

    private static Object compute(String operator, double left, double right) {
        return switch (operator) {
            case "+" -> left + right;
            case "-" -> left - right;
            case "*" -> left * right;
            case "/" -> left / divisor(right);
            case "//" -> Math.floor((left - remainder(left, divisor(right))) / right + 0.5);
            case "%" -> remainder(left, divisor(right));
            default -> Math.pow(left, right);
        };
    }

    /** The remainder has the sign of the divisor. */
    private static double remainder(double left, double right) {
        double remainder = left % right;
        return remainder != 0 && (remainder < 0) != (right < 0) ? remainder + right : remainder;
    }

    private static long divisor(long value) {
        if (value == 0) {
            throw JinjaException.of("division by zero");
        }
        return value;
    }

    private static double divisor(double value) {
        if (value == 0) {
            throw JinjaException.of("division by zero");
        }
        return value;
    }

    private static long power(long base, long exponent) {
        long result = 1;
        long square = base;
        for (long left = exponent; left > 0; left >>= 1) {
            if ((left & 1) == 1) {
                result = Math.multiplyExact(result, square);
            }
            if (left > 1) {
                square = Math.multiplyExact(square, square);
            }
        }
        return result;
    }
}
