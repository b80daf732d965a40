package dev.ligature;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.plan.LoraInit;
import dev.ligature.plan.PairPlan;

/**
 * Draws the factors of a new pair, with PEFT's distributions.
 *
 * <p>PEFT draws A of a linear by Kaiming's uniform rule with a = √5, which is uniform within
 * ±1/√in; what it calls {@code lora_embedding_B} of an embedding, the transposed A, is standard
 * normal. A pair that both read is drawn once, as a linear.
 */
final class FactorInit {
    private FactorInit() {}

    /** Returns a new pair, whose factors belong to the manager. */
    static FactorPair draw(PairPlan pair, NDManager manager) {
        DataType type = pair.dataType();
        Shape shapeA = new Shape(pair.rank(), pair.in());
        Shape shapeB = new Shape(pair.out(), pair.rank());
        if (!pair.hasLinearReader()) {
            NDArray a = manager.randomNormal(0, 1, shapeA, type);
            NDArray b =
                    pair.init() == LoraInit.RANDOM
                            ? manager.randomNormal(0, 1, shapeB, type)
                            : manager.zeros(shapeB, type);
            return new FactorPair(pair, a, b, manager);
        }
        NDArray a =
                pair.init() == LoraInit.GAUSSIAN
                        ? manager.randomNormal(0, 1f / pair.rank(), shapeA, type)
                        : uniform(manager, pair.in(), shapeA, type);
        NDArray b =
                pair.init() == LoraInit.RANDOM
                        ? uniform(manager, pair.rank(), shapeB, type)
                        : manager.zeros(shapeB, type);
        return new FactorPair(pair, a, b, manager);
    }

    private static NDArray uniform(NDManager manager, long fanIn, Shape shape, DataType type) {
        float bound = (float) (1 / Math.sqrt((double) fanIn));
        return manager.randomUniform(-bound, bound, shape, type);
    }
}
