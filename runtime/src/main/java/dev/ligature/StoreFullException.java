package dev.ligature;

/**
 * Reports that a store has no memory left for an adapter, because the adapters in use take it. The
 * same call succeeds when requests have ended.
 */
public final class StoreFullException extends LoraStateException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an error.
     *
     * @param code the stable code, without brackets
     * @param message what is wrong, why, and what to do
     */
    public StoreFullException(String code, String message) {
        super(code, message);
    }
}
