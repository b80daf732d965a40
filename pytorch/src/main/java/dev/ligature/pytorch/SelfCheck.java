package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Compares the products of a script, and the gradients that are made of them, with those of DJL's
 * arrays. Libraries that make their machine code when they run have been wrong on some processors.
 */
final class SelfCheck {
    /** Tokens, inputs, outputs and rank; not multiples of a vector's length. */
    private static final int[][] SHAPES = {{33, 65, 17, 3}, {40, 320, 800, 8}, {8, 96, 31, 1}};

    private static final int TIMED_TOKENS = 192;
    private static final int TIMED_IN = 320;
    private static final int TIMED_OUT = 640;
    private static final int ROUNDS = 5;

    private SelfCheck() {}

    /** Returns the first fault of a script, if it has one. */
    static Optional<Fault> faultOf(Script script) {
        try (NDManager manager = NDManager.newBaseManager(Script.ENGINE)) {
            for (int[] shape : SHAPES) {
                Optional<Fault> fault = faultOf(script, shape, manager);
                if (fault.isPresent()) {
                    return fault;
                }
            }
            return Optional.empty();
        }
    }

    private static Optional<Fault> faultOf(Script script, int[] shape, NDManager manager) {
        NDArray x = values(manager, shape[0], shape[1]);
        NDArray w = values(manager, shape[2], shape[1]);
        NDArray dy = values(manager, shape[0], shape[2]);
        NDArray a = values(manager, shape[3], shape[1]);
        NDArray b = values(manager, shape[2], shape[3]);
        NDArray s = manager.full(new Shape(), 0.5f, DataType.FLOAT32);
        NDArray sum = w.add(b.mul(s).matMul(a));
        NDArray y = x.matMul(w.transpose());
        NDArray adapted = x.matMul(sum.transpose());
        NDArray dx = dy.matMul(sum);
        NDList factors = script.call("lora_factors", dy, x, a, b, s);
        return Fault.first(
                () -> compare("linear", script.call("linear", x, w), y),
                () ->
                        compare(
                                "linear_backward",
                                script.call("linear_backward", dy, w),
                                dy.matMul(w)),
                () -> compare("lora_merged", script.call("lora_merged", x, w, a, b, s), adapted),
                () -> compare("lora_term", script.call("lora_term", x, w, a, b, s), adapted),
                () ->
                        compare(
                                "lora_merged_input",
                                script.call("lora_merged_input", dy, w, a, b, s),
                                dx),
                () ->
                        compare(
                                "lora_term_input",
                                script.call("lora_term_input", dy, w, a, b, s),
                                dx),
                () ->
                        compare(
                                "lora_factors",
                                factors.subNDList(0, 1),
                                dy.matMul(b.mul(s)).transpose().matMul(x)),
                () ->
                        compare(
                                "lora_factors",
                                factors.subNDList(1),
                                dy.transpose().matMul(x.matMul(a.transpose())).mul(s)));
    }

    private static Optional<Fault> compare(String operator, NDList results, NDArray expected) {
        return Fault.compare(operator, results.singletonOrThrow(), expected);
    }

    /** Returns how long a script's product takes, over the time of DJL's. */
    static double productTime(Script script) {
        try (NDManager manager = NDManager.newBaseManager(Script.ENGINE)) {
            NDArray x = values(manager, TIMED_TOKENS, TIMED_IN);
            NDArray w = values(manager, TIMED_OUT, TIMED_IN);
            long own = Long.MAX_VALUE;
            long djl = Long.MAX_VALUE;
            for (int i = 0; i < ROUNDS; i++) {
                own = Math.min(own, time(() -> script.call("linear", x, w).head()));
                djl = Math.min(djl, time(() -> x.matMul(w.transpose())));
            }
            return (double) own / djl;
        }
    }

    /** Returns the nanoseconds that a product takes. */
    static long time(Supplier<NDArray> product) {
        long begin = System.nanoTime();
        try (NDArray result = product.get()) {
            result.getShape();
            return System.nanoTime() - begin;
        }
    }

    /** Returns numbers between −1 and 1 that repeat late, without a random state. */
    static NDArray values(NDManager manager, long... shape) {
        Shape of = new Shape(shape);
        float[] values = new float[(int) of.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(i * 1.7 + shape[0]);
        }
        return manager.create(values, of);
    }
}
