package dev.ligature.server.internal.access;

/** Says that a request is not allowed, or not now. */
public final class AccessException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean limited;
    private final int retryAfter;

    private AccessException(boolean limited, int retryAfter, String message) {
        super(message);
        this.limited = limited;
        this.retryAfter = retryAfter;
    }

    /** Returns the error of a key that is missing or unknown. */
    public static AccessException unknown() {
        return new AccessException(
                false, 0, "The key is missing or wrong. Send authorization: Bearer KEY.");
    }

    /** Returns the error of a key that has used up what it may. */
    public static AccessException limited(int retryAfter, String what) {
        return new AccessException(true, retryAfter, "The key has " + what + ". Ask again later.");
    }

    /** Returns whether the key is known, and has used up what it may. */
    public boolean isLimited() {
        return limited;
    }

    /** Returns after how many seconds it makes sense to ask again. */
    public int retryAfter() {
        return retryAfter;
    }

    /** Returns what is wrong and what to do. */
    public String message() {
        return String.valueOf(getMessage());
    }
}
