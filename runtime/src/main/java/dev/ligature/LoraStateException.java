package dev.ligature;

/**
 * Reports a call that is right in itself, but not in the state that the model, the adapter or the
 * store is in: an adapter was removed, a merge is open, a store is full. The same call may succeed
 * later, so a server can answer "try again later" where a {@link LoraException} means "wrong".
 */
public sealed class LoraStateException extends LoraException permits StoreFullException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an error.
     *
     * @param code the stable code, without brackets
     * @param message what is wrong, why, and what to do
     */
    public LoraStateException(String code, String message) {
        super(code, message);
    }
}
