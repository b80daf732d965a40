package dev.ligature.internal.diag;

import dev.ligature.LoraException;
import dev.ligature.LoraStateException;
import java.util.Locale;

/**
 * One text that the runtime says: a stable code and a pattern. Each room lists its messages in one
 * enum that implements this, and throws {@code StoreMessage.FULL.state(name, bytes)}; {@code
 * docs/runtime-errors.md} explains each code.
 */
public interface Message {
    /** Returns the stable code, without brackets. */
    String code();

    /**
     * Returns the text, with {@code %1$s} for the first value as in {@link java.util.Formatter}.
     */
    String pattern();

    /**
     * Returns the text with its values.
     *
     * @param values what the pattern refers to, in order
     */
    default String text(Object... values) {
        return String.format(Locale.ROOT, pattern(), values);
    }

    /**
     * Returns an error to be thrown: a model, a configuration or a call is wrong.
     *
     * @param values what the pattern refers to, in order
     */
    default LoraException error(Object... values) {
        return new LoraException(code(), text(values));
    }

    /**
     * Returns an error to be thrown: the call is right, but not in the present state.
     *
     * @param values what the pattern refers to, in order
     */
    default LoraStateException state(Object... values) {
        return new LoraStateException(code(), text(values));
    }
}
