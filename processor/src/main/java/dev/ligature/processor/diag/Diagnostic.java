package dev.ligature.processor.diag;

import java.util.Arrays;
import java.util.List;

/**
 * One thing that is wrong or doubtful, and where.
 *
 * @param message the kind of message
 * @param site where it points
 * @param arguments what fills the message's placeholders
 */
public record Diagnostic(Message message, Site site, List<String> arguments) {
    /** Copies the arguments. */
    public Diagnostic {
        arguments = List.copyOf(arguments);
    }

    /** Returns a diagnostic with the given arguments. */
    public static Diagnostic of(Message message, Site site, Object... arguments) {
        return new Diagnostic(
                message, site, Arrays.stream(arguments).map(String::valueOf).toList());
    }

    /** Returns {@code [Code] text}. */
    public String text() {
        return "[" + message.code() + "] " + message.text(arguments);
    }

    /** Returns whether the compilation fails. */
    public boolean isError() {
        return message.isError();
    }
}
