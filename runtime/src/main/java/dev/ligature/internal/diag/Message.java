package dev.ligature.internal.diag;

import dev.ligature.LoraException;
import dev.ligature.LoraStateException;
import dev.ligature.StoreFullException;
import dev.ligature.UnknownAdapterException;
import dev.ligature.checkpoint.CheckpointException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One text that the runtime says: a stable code and a pattern. Each room lists its messages in one
 * enum that implements this, and throws {@code StoreMessage.FULL.state(name, bytes)}; {@code
 * docs/runtime-errors.md} explains each code. The values that the methods take are what the pattern
 * refers to, in order.
 */
public interface Message {
    /** Returns the stable code, without brackets. */
    String code();

    /** Returns the text, with {@code %1$s} for the first value. */
    String pattern();

    /** Returns the text with its values. */
    default String text(Object... values) {
        return String.format(Locale.ROOT, pattern(), values);
    }

    /** Returns an error to be thrown: a model, a configuration or a call is wrong. */
    default LoraException error(Object... values) {
        return new LoraException(code(), text(values));
    }

    /** Returns an error to be thrown: the call is right, but not in the present state. */
    default LoraStateException state(Object... values) {
        return new LoraStateException(code(), text(values));
    }

    /** Returns an error to be thrown: a store has no memory left. */
    default StoreFullException storeFull(Object... values) {
        return new StoreFullException(code(), text(values));
    }

    /** Returns an error to be thrown: there is no adapter of the name or handle that was given. */
    default UnknownAdapterException unknownAdapter(Object... values) {
        return new UnknownAdapterException(code(), text(values));
    }

    /** Returns an error to be thrown: a file is wrong. */
    default CheckpointException fileError(Object... values) {
        return fileErrorFrom(null, values);
    }

    /** Returns an error to be thrown: a file is wrong, as the JDK or a library noticed. */
    default CheckpointException fileErrorFrom(@Nullable Throwable cause, Object... values) {
        return new CheckpointException(code(), text(values), cause);
    }

    /** Returns an error of a configuration, with its code, as one of the file that it is from. */
    static CheckpointException inFile(LoraException error, String origin) {
        String message = String.valueOf(error.getMessage());
        String text = message.substring(message.indexOf(' ') + 1); // without the code
        return new CheckpointException(error.code(), origin + ": " + text, error);
    }
}
