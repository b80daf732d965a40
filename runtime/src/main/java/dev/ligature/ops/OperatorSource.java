package dev.ligature.ops;

import org.jspecify.annotations.Nullable;

/** A parameter store that knows how its pass computes. */
public interface OperatorSource {
    /**
     * Returns the operators of the pass; null if they are the engine's.
     *
     * @param training whether the pass needs gradients
     */
    @Nullable Operators operators(boolean training);

    /** Returns how the pass computes the model's parts; null if as they are. */
    default @Nullable ModelPass modelPass() {
        return null;
    }
}
