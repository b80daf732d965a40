package dev.ligature;

/**
 * Reports that a model, a configuration or a call is wrong: {@code [Code] what is wrong, why, and
 * what to do}. Nothing was changed when it is thrown.
 *
 * <p>A {@link LoraStateException} reports a call that is right but cannot be served now.
 */
public class LoraException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String code;

    /**
     * Creates an error.
     *
     * @param code the stable code, without brackets
     * @param message what is wrong, why, and what to do
     */
    public LoraException(String code, String message) {
        super("[" + code + "] " + message);
        this.code = code;
    }

    /** Returns the stable code, without brackets. */
    public final String code() {
        return code;
    }
}
