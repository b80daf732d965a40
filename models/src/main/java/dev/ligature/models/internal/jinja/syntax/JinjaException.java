package dev.ligature.models.internal.jinja.syntax;

/** A template that is wrong, or that refuses what it is given. */
public final class JinjaException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int line;
    private final boolean raised;

    private JinjaException(int line, String message, boolean raised) {
        super(message);
        this.line = line;
        this.raised = raised;
    }

    /** Returns an error in a known line, counted from 1. */
    public static JinjaException at(int line, String message) {
        return new JinjaException(line, message, false);
    }

    /** Returns an error whose line the renderer adds. */
    public static JinjaException of(String message) {
        return new JinjaException(0, message, false);
    }

    /** Returns what a template says by {@code raise_exception}. */
    public static JinjaException raised(String message) {
        return new JinjaException(0, message, true);
    }

    /** Returns this error with a line, if it has none yet. */
    public JinjaException inLine(int number) {
        if (line > 0) {
            return this;
        }
        JinjaException placed = new JinjaException(number, text(), raised);
        placed.setStackTrace(getStackTrace());
        return placed;
    }

    /** Returns the message. */
    public String text() {
        return String.valueOf(getMessage());
    }

    /** Returns the line, counted from 1, or 0. */
    public int line() {
        return line;
    }

    /** Returns whether the template itself refused, by {@code raise_exception}. */
    public boolean isRaised() {
        return raised;
    }
}
