package dev.ligature.processor.model;

/** Which warning, if any, the use of an element gives. */
public enum Deprecation {
    /** None. */
    NONE(""),
    /** That it is deprecated. */
    DEPRECATED("deprecation"),
    /** That it will be removed. */
    FOR_REMOVAL("removal");

    private final String token;

    Deprecation(String token) {
        this.token = token;
    }

    /** Returns what silences the warning. */
    public String token() {
        return token;
    }
}
