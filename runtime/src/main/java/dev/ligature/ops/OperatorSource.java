package dev.ligature.ops;

import org.jspecify.annotations.Nullable;

/** A parameter store that knows the operators of its pass. */
public interface OperatorSource {
    /**
     * Returns the operators of the pass; null if they are the engine's.
     *
     * @param training whether the pass needs gradients
     */
    @Nullable Operators operators(boolean training);
}
