package dev.ligature.models.internal.jinja.syntax;

/** The integers in a template. */
final class Numerals {
    private Numerals() {}

    static Long integer(Token token) {
        String digits = token.text().replace("_", "");
        int radix = radix(digits);
        try {
            return Long.valueOf(radix == 10 ? digits : digits.substring(2), radix);
        } catch (NumberFormatException e) {
            throw JinjaException.at(token.line(), "the number " + digits + " does not fit 64 bits");
        }
    }

    private static int radix(String digits) {
        if (digits.length() < 2 || digits.charAt(0) != '0') {
            return 10;
        }
        return switch (digits.charAt(1)) {
            case 'x', 'X' -> 16;
            case 'o', 'O' -> 8;
            case 'b', 'B' -> 2;
            default -> 10;
        };
    }
}
