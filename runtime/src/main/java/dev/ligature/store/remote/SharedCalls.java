package dev.ligature.store.remote;

import dev.ligature.internal.files.Interruption;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** Slow calls, each of which one thread makes for all that ask for the same. Thread-safe. */
final class SharedCalls<K, V> {
    private final Map<K, CompletableFuture<V>> running = new ConcurrentHashMap<>();

    /** A call that may fail. */
    @FunctionalInterface
    interface Call<V> {
        V get() throws IOException;
    }

    /**
     * Returns the result of a call that begins now, or of one of the same key that is under way.
     *
     * @throws IOException the error of the call; also for the threads that waited for it
     */
    V get(K key, Call<V> call) throws IOException {
        while (true) {
            CompletableFuture<V> mine = new CompletableFuture<>();
            CompletableFuture<V> other = running.putIfAbsent(key, mine);
            if (other == null) {
                return run(key, mine, call);
            }
            try {
                return other.get();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw (IOException)
                        new InterruptedIOException("interrupted while " + key + " is fetched")
                                .initCause(e);
            } catch (ExecutionException e) {
                if (!Interruption.is(e.getCause())) { // or it was the other thread
                    throw rethrown(e.getCause());
                }
            }
        }
    }

    /** Throws an error of a call as it is, or returns it if it is an {@code IOException}. */
    static IOException rethrown(@Nullable Throwable error) {
        if (error instanceof RuntimeException unchecked) {
            throw unchecked;
        }
        if (error instanceof Error grave) {
            throw grave;
        }
        return error instanceof IOException io ? io : new IOException(error);
    }

    private V run(K key, CompletableFuture<V> result, Call<V> call) throws IOException {
        try {
            V value = call.get();
            running.remove(key);
            result.complete(value);
            return value;
        } catch (IOException | RuntimeException | Error e) {
            running.remove(key);
            result.completeExceptionally(e);
            throw e;
        }
    }
}
