package dev.ligature.store;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** An adapter that one thread loads, while others may wait for it. */
final class PendingLoad {
    private final CompletableFuture<CachedAdapter> result = new CompletableFuture<>();

    /** The number of waiting threads, each of which gets a lease. Guarded by the cache. */
    int waiting;

    /** The bytes reserved for the adapter. Guarded by the cache. */
    long reserved;

    void succeed(CachedAdapter adapter) {
        result.complete(adapter);
    }

    void fail(Throwable error) {
        result.completeExceptionally(error);
    }

    /** Returns the adapter; null while it is being loaded and if the load failed. */
    @Nullable CachedAdapter loaded() {
        return result.isCompletedExceptionally() ? null : result.getNow(null);
    }

    /**
     * Waits for the adapter.
     *
     * @throws InterruptedException if the waiting thread is interrupted; the load goes on
     * @throws IOException or any other exception, that of the loading thread
     */
    CachedAdapter await() throws IOException, InterruptedException {
        try {
            return result.get();
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        }
    }

    /** Throws an error as it is, or returns it if it is an {@code IOException}. */
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
