package dev.ligature.models.internal.jinja.syntax;

/**
 * A piece of a template.
 *
 * @param kind what it is
 * @param text the text itself; of a string, its value
 * @param line the line in which it begins, counted from 1
 */
record Token(Kind kind, String text, int line) {
    /** What a piece is. */
    enum Kind {
        TEXT,
        PRINT_BEGIN,
        PRINT_END,
        TAG_BEGIN,
        TAG_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    /** Returns the piece as messages show it. */
    String shown() {
        return switch (kind) {
            case TEXT -> "text";
            case PRINT_BEGIN -> "{{";
            case PRINT_END -> "}}";
            case TAG_BEGIN -> "{%";
            case TAG_END -> "%}";
            case END -> "the end of the template";
            case STRING -> "'" + text + "'";
            default -> text;
        };
    }
}
