package dev.ligature.checkpoint;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Says that a file is wrong: {@code [Code] file, thing, value, and what to do}. No model and no
 * output was changed when it is thrown.
 */
public final class CheckpointException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String code;

    /**
     * Creates an error.
     *
     * @param code the stable code, without brackets
     * @param message the file, the thing in it, its value, and what to do
     */
    public CheckpointException(String code, String message) {
        this(code, message, null);
    }

    /**
     * Creates an error that another one caused.
     *
     * @param code the stable code, without brackets
     * @param message the file, the thing in it, its value, and what to do
     * @param cause the error of the JDK or of a library, if there is one
     */
    public CheckpointException(String code, String message, @Nullable Throwable cause) {
        super("[" + code + "] " + message, cause);
        this.code = code;
    }

    /** Returns the stable code, without brackets. */
    public String code() {
        return code;
    }
}
