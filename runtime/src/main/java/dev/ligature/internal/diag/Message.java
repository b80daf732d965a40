package dev.ligature.internal.diag;

import dev.ligature.LoraException;
import dev.ligature.LoraStateException;
import dev.ligature.UnknownAdapterException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.plan.PlanWarning;
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

    /**
     * Returns an error to be thrown: there is no adapter of the name or handle that was asked for.
     *
     * @param values what the pattern refers to, in order
     */
    default UnknownAdapterException unknownAdapter(Object... values) {
        return new UnknownAdapterException(code(), text(values));
    }

    /**
     * Returns an error to be thrown: a file is wrong.
     *
     * @param values what the pattern refers to, in order
     */
    default CheckpointException fileError(Object... values) {
        return new CheckpointException(code(), text(values));
    }

    /**
     * Returns an error to be thrown: a file is wrong, as the JDK or a library noticed.
     *
     * @param cause the error of the JDK or the library
     * @param values what the pattern refers to, in order
     */
    default CheckpointException fileErrorFrom(Throwable cause, Object... values) {
        return new CheckpointException(code(), text(values), cause);
    }

    /**
     * Returns a warning: something in a configuration is doubtful, but allowed.
     *
     * @param values what the pattern refers to, in order
     */
    default PlanWarning warning(Object... values) {
        return new PlanWarning(code(), text(values));
    }
}
