package dev.ligature;

/**
 * Reports that a model or a store has no adapter of the name or handle that was asked for, so that
 * a server can answer "not found" where any other {@link LoraException} means that something is
 * broken.
 */
public final class UnknownAdapterException extends LoraException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an error.
     *
     * @param code the stable code, without brackets
     * @param message what is wrong, why, and what to do
     */
    public UnknownAdapterException(String code, String message) {
        super(code, message);
    }
}
