package dev.ligature.models.generation;

import org.jspecify.annotations.Nullable;

/** What fails on the way, to be thrown when the rest is done. */
final class Failures {
    private @Nullable RuntimeException first;

    /** Does something; if that fails, it is the first failure, or comes with that. */
    void of(Runnable action) {
        try {
            action.run();
        } catch (RuntimeException failure) {
            if (first == null) {
                first = failure;
            } else if (first != failure) {
                first.addSuppressed(failure);
            }
        }
    }

    /** Throws the first failure, if there is one. */
    void rethrow() {
        if (first != null) {
            throw first;
        }
    }
}
