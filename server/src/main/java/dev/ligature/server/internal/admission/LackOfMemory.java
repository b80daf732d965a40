package dev.ligature.server.internal.admission;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers that the heap was full somewhere in the server. Nobody knows what is left undone then,
 * so the server must not go on as if nothing had happened.
 */
public final class LackOfMemory {
    private static final Logger LOG = LoggerFactory.getLogger(LackOfMemory.class);
    private static final int DEPTH = 20; // of causes

    private volatile boolean seen;

    /** Looks at what went wrong somewhere. */
    public void note(@Nullable Throwable error) {
        Throwable cause = error;
        for (int i = 0; cause != null && i < DEPTH; i++) {
            if (cause instanceof OutOfMemoryError) {
                if (!seen) {
                    seen = true;
                    LOG.error("The memory is full; the server must end", cause);
                }
                return;
            }
            cause = cause.getCause();
        }
    }

    public boolean isSeen() {
        return seen;
    }
}
