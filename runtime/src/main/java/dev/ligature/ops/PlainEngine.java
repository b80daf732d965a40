package dev.ligature.ops;

import ai.djl.ndarray.NDManager;
import org.jspecify.annotations.Nullable;

/** An engine without a module of its own. */
record PlainEngine(String engineName) implements EngineOperators {
    @Override
    public Operators serving() {
        return PlainOperators.SERVING;
    }

    @Override
    public @Nullable GradientTape record(NDManager manager) {
        return null;
    }
}
