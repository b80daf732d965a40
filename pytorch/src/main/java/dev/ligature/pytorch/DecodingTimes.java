package dev.ligature.pytorch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * How long products of a few rows take, over the time of DJL's: with matrices that come out of the
 * memory, as one that stays in a processor's cache is read faster than the many that a model has.
 *
 * @param ofRow of one row that is computed as two
 * @param ofRows of four rows whose product is turned
 * @param ofLongRow of one long row by the script's product
 */
record DecodingTimes(double ofRow, double ofRows, double ofLongRow) {
    private static final int MATRICES = 5;
    private static final int ELEMENTS = 5 << 19;
    private static final int IN = 320;
    private static final int LONG_IN = 2048;
    private static final int ROWS = 4;
    private static final int ROUNDS = 3;

    /** Measures. */
    static DecodingTimes of(Script script) {
        try (NDManager manager = NDManager.newBaseManager(Script.ENGINE)) {
            NDList matrices = new NDList();
            for (int i = 0; i < MATRICES; i++) {
                matrices.add(manager.ones(new Shape(ELEMENTS / IN, IN)));
            }
            NDList wide = new NDList();
            matrices.forEach(matrix -> wide.add(matrix.reshape(ELEMENTS / LONG_IN, LONG_IN)));
            return new DecodingTimes(
                    ratio(script, OperatorNames.ROWS, manager.ones(new Shape(1, IN)), matrices),
                    ratio(script, OperatorNames.ROWS, manager.ones(new Shape(ROWS, IN)), matrices),
                    ratio(script, Decoding.LINEAR, manager.ones(new Shape(1, LONG_IN)), wide));
        }
    }

    /** Returns the names of what takes longer than a part of DJL's time. */
    List<String> slowerThan(double worth) {
        Map<String, Double> times =
                Map.of(
                        OperatorNames.ROW,
                        ofRow,
                        OperatorNames.ROWS,
                        ofRows,
                        OperatorNames.ROWS_ONEDNN,
                        ofLongRow);
        return times.entrySet().stream()
                .filter(time -> time.getValue() >= worth)
                .map(Map.Entry::getKey)
                .toList();
    }

    private static double ratio(Script script, String method, NDArray x, NDList matrices) {
        NDArray small = x.getManager().ones(new Shape(IN, x.getShape().get(1)));
        for (int i = 0; i < ROUNDS; i++) {
            script.call(method, x, small).close(); // so that it is compiled
        }
        double own = Double.MAX_VALUE;
        double engines = Double.MAX_VALUE;
        for (int i = 0; i < ROUNDS; i++) {
            own = Math.min(own, time(matrices, w -> script.call(method, x, w).head()));
            engines = Math.min(engines, time(matrices, w -> product(x, w)));
        }
        return own / engines;
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
