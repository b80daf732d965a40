package dev.ligature.checkpoint;

import java.io.IOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Says that a file is wrong: {@code [Code] file, thing, value, and what to do}. No model and no
 * output was changed when it is thrown.
 */
public final class CheckpointException extends IOException {
    private static final long serialVersionUID = 1L;

    private static final int LONGEST = 4000;

    private final String code;

    /**
     * Creates an error; for Ligature itself, which has a catalogue of its messages.
     *
     * @param code the stable code, without brackets
     * @param message the file, the thing in it, its value, and what to do
     * @param cause the error of the JDK or of a library, if there is one
     */
    public CheckpointException(String code, String message, @Nullable Throwable cause) {
        super("[" + code + "] " + printable(message), cause);
        this.code = code;
    }

    /**
     * Returns a text that stays on one line and within reason: names in it come from files, which
     * may hold anything.
     */
    private static String printable(String message) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < message.length() && i < LONGEST; i++) {
            char c = message.charAt(i);
            if (Character.isISOControl(c) || c == '\u2028' || c == '\u2029') {
                text.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                text.append(c);
            }
        }
        return message.length() > LONGEST ? text.append(" …").toString() : text.toString();
    }

    /** Returns the stable code, without brackets. */
    public String code() {
        return code;
    }
}
