package dev.ligature.diag;

/**
 * Says that a model, a configuration or a request is wrong: {@code [Code] what is wrong, why, and
 * what to do}. Nothing was changed when it is thrown.
 */
public final class LoraException extends IllegalArgumentException {
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
    public String code() {
        return code;
    }
}
