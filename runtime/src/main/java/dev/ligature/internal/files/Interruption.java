package dev.ligature.internal.files;

import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import org.jspecify.annotations.Nullable;

/** Tells the interruption of a thread from what goes wrong with a file or a connection. */
public final class Interruption {
    private Interruption() {}

    /**
     * Returns whether an error says that its thread was interrupted. A time-out does not, although
     * it is an {@code InterruptedIOException}.
     */
    public static boolean is(@Nullable Throwable error) {
        return error instanceof ClosedByInterruptException
                || (error instanceof InterruptedIOException
                        && !(error instanceof SocketTimeoutException));
    }
}
