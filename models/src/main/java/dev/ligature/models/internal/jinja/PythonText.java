package dev.ligature.models.internal.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;

/** Values as Python prints them: {@code str} and {@code repr}. */
final class PythonText {
    private static final int MOST_DIGITS = 17;

    private PythonText() {}

    /** Returns what <code>{{ value }}</code> prints. */
    static String str(Object value) {
        if (value instanceof String text) {
            return text;
        }
        return value instanceof Undefined ? "" : repr(value);
    }

    static String repr(Object value) {
        StringBuilder text = new StringBuilder();
        write(value, text, 0);
        return text.toString();
    }

    private static void write(Object value, StringBuilder text, int depth) {
        Values.checkDepth(depth);
        if (value instanceof String string) {
            quote(string, text);
        } else if (value instanceof Double real) {
            text.append(real(real));
        } else if (value instanceof Boolean flag) {
            text.append(flag ? "True" : "False");
        } else if (value instanceof Long) {
            text.append(value);
        } else if (value instanceof None) {
            text.append("None");
        } else if (value instanceof Undefined) {
            text.append("Undefined");
        } else if (value instanceof Map<?, ?> map) {
            text.append('{');
            String comma = "";
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                text.append(comma);
                write(entry.getKey(), text, depth + 1);
                text.append(": ");
                write(entry.getValue(), text, depth + 1);
                comma = ", ";
            }
            text.append('}');
        } else if (value instanceof Tuple tuple) {
            text.append('(');
            list(tuple.items(), text, depth);
            text.append(tuple.items().size() == 1 ? ",)" : ")");
        } else if (value instanceof List<?> list) {
            text.append('[');
            list(list, text, depth);
            text.append(']');
        } else if (value instanceof Namespace namespace) {
            text.append("<Namespace ");
            write(namespace.members(), text, depth + 1);
            text.append('>');
        } else {
            text.append("<function>");
        }
    }

    private static void list(List<?> items, StringBuilder text, int depth) {
        String comma = "";
        for (Object item : items) {
            text.append(comma);
            write(item, text, depth + 1);
            comma = ", ";
        }
    }

    private static void quote(String string, StringBuilder text) {
        char mark = string.indexOf('\'') >= 0 && string.indexOf('"') < 0 ? '"' : '\'';
        text.append(mark);
        string.codePoints()
                .forEach(
                        c -> {
                            switch (c) {
                                case '\\' -> text.append("\\\\");
                                case '\n' -> text.append("\\n");
                                case '\r' -> text.append("\\r");
                                case '\t' -> text.append("\\t");
                                default -> {
                                    if (c == mark) {
                                        text.append('\\').append(mark);
                                    } else if (isPrintable(c)) {
                                        text.appendCodePoint(c);
                                    } else {
                                        text.append(escape(c));
                                    }
                                }
                            }
                        });
        text.append(mark);
    }

    private static String escape(int c) {
        if (c < 0x100) {
            return String.format("\\x%02x", c);
        }
        return c < 0x10000 ? String.format("\\u%04x", c) : String.format("\\U%08x", c);
    }

    private static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            default -> true;
        };
    }

    /** Returns the shortest decimal that reads as a number, as Python's {@code repr} writes it. */
    static String real(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value > 0 ? "0.0" : "-0.0";
        }
        BigDecimal shortest = shortest(value);
        String digits = shortest.unscaledValue().abs().toString();
        int exponent = digits.length() - 1 - shortest.scale();
        String sign = value < 0 ? "-" : "";
        if (exponent < -4 || exponent >= 16) {
            String mantissa =
                    digits.charAt(0) + (digits.length() > 1 ? "." : "") + digits.substring(1);
            return sign
                    + mantissa
                    + "e"
                    + (exponent < 0 ? "-" : "+")
                    + (Math.abs(exponent) < 10 ? "0" : "")
                    + Math.abs(exponent);
        }
        String plain = shortest.abs().toPlainString();
        return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
    }

    private static BigDecimal shortest(double value) {
        BigDecimal exact = new BigDecimal(value);
        for (int digits = 1; digits < MOST_DIGITS; digits++) {
            BigDecimal rounded = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (rounded.doubleValue() == value) {
                return rounded.stripTrailingZeros();
            }
        }
        return exact.round(new MathContext(MOST_DIGITS, RoundingMode.HALF_EVEN))
                .stripTrailingZeros();
    }
}
