package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.function.UnaryOperator;

/**
 * Times products of a few rows with matrices that come out of the memory: one matrix that stays in
 * a processor's cache is read faster than the many that a model has.
 */
final class DecodingTimes {
    private static final int MATRICES = 5;
    private static final int OUT = 8192;
    private static final int IN = 320;
    private static final int ROWS = 4;
    private static final int ROUNDS = 3;

    private DecodingTimes() {}

    /** Returns how long the script's product takes, over the time of DJL's. */
    static double ofRows(Script script) {
        try (NDManager manager = NDManager.newBaseManager(Script.ENGINE)) {
            NDList matrices = new NDList();
            for (int i = 0; i < MATRICES; i++) {
                matrices.add(manager.ones(new Shape(OUT, IN)));
            }
            NDArray x = manager.ones(new Shape(ROWS, IN));
            NDArray small = manager.ones(new Shape(IN, IN));
            for (int i = 0; i < ROUNDS; i++) {
                script.call(OperatorNames.ROWS, x, small).close(); // so that it is compiled
            }
            double own = Double.MAX_VALUE;
            double engines = Double.MAX_VALUE;
            for (int i = 0; i < ROUNDS; i++) {
                own =
                        Math.min(
                                own,
                                time(matrices, w -> script.call(OperatorNames.ROWS, x, w).head()));
                engines = Math.min(engines, time(matrices, w -> product(x, w)));
            }
            return own / engines;
        }
    }

    private static NDArray product(NDArray x, NDArray w) {
        try (NDArray columns = w.transpose()) {
            return x.matMul(columns);
        }
    }

    private static double time(NDList matrices, UnaryOperator<NDArray> product) {
        long begin = System.nanoTime();
        for (NDArray matrix : matrices) {
            product.apply(matrix).close();
        }
        return System.nanoTime() - begin;
    }
}
