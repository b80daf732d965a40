package dev.ligature.store;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** One load that is under way, which others may wait for. */
final class PendingLoad {
    private final CompletableFuture<CachedAdapter> result = new CompletableFuture<>();

    /** Who waits; each gets a hold with the load. Guarded by the {@link AdapterCache}. */
    int waiting;

    /** The bytes reserved for it. Guarded by the {@link AdapterCache}. */
    long reserved;

    void succeed(CachedAdapter resident) {
        result.complete(resident);
    }

    void fail(Throwable error) {
        result.completeExceptionally(error);
    }

    /** Returns the adapter; null if it is not there yet, or will never be. */
    @Nullable CachedAdapter resident() {
        return result.isCompletedExceptionally() ? null : result.getNow(null);
    }

    /**
     * Waits for the adapter.
     *
     * @throws InterruptedException if the thread is interrupted; the load goes on
     * @throws IOException or any other exception, that of the thread that loaded
     */
    CachedAdapter await() throws IOException, InterruptedException {
        try {
            return result.get();
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        }
    }

    /** Throws an error as it is, or returns it where it is an {@code IOException}. */
    static IOException rethrown(@Nullable Throwable error) {
        if (error instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (error instanceof Error grave) {
            throw grave;
        }
        return error instanceof IOException io ? io : new IOException(error);
    }
}
