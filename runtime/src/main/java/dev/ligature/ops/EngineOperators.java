package dev.ligature.ops;

import ai.djl.ndarray.NDManager;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * What the module for an engine offers. Found by {@link ServiceLoader}; without one, or where its
 * check of itself fails, DJL's arrays compute.
 */
public interface EngineOperators {
    /** Returns the engine's name, as DJL has it. */
    String engineName();

    /**
     * Returns how they compute, in a word: two processes with the same word, processor and number
     * of threads compute the same numbers bit for bit.
     */
    default String choice() {
        return "plain";
    }

    /** Returns operators for passes without gradients. Thread-safe. */
    Operators serving();

    /** Returns how weights are held in fewer bits; null if the engine cannot. */
    default @Nullable WeightPacking packing() {
        return null;
    }

    /**
     * Returns a tape for one training pass; null if the engine cannot have one.
     *
     * @param manager the parent of what the tape holds; its device is trained on
     */
    @Nullable GradientTape record(NDManager manager);
}
