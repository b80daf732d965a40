package dev.ligature.internal.json;

import org.jspecify.annotations.Nullable;

/**
 * Makes the errors of one kind of document, each with its code and remedy.
 *
 * @param <E> their class
 */
public interface JsonErrors<E extends Exception> {
    /** Returns the error of a text that is not one JSON object. */
    E malformed(String what, @Nullable Throwable cause);

    /** Returns the error of a name that an object has twice. */
    E duplicate(JsonField field);

    /**
     * Returns the error of a value of the wrong type.
     *
     * @param value the value; null where it is null or missing
     * @param expected what it must be, with its article
     */
    E wrong(JsonField field, @Nullable Object value, String expected);

    /** Returns the error of a value that is beyond the limits. */
    default E beyond(JsonField field, String what) {
        return malformed(field + " " + what, null);
    }
}
