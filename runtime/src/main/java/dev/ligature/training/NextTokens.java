package dev.ligature.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraException;

/**
 * A batch made ready: what goes into the block, and what is to come out. Owns its arrays and the
 * scope that those of a forward pass go to.
 *
 * @param scope the manager of the arrays, and of what is computed from them
 * @param inputs every token but the last of each row, (B, T − 1) int64
 * @param targets every token but the first of each row
 */
record NextTokens(NDManager scope, NDArray inputs, Targets targets) implements AutoCloseable {
    static NextTokens of(TokenBatch batch, NDManager manager) {
        Shape shape = batch.ids().getShape();
        if (shape.dimension() != 2 || shape.get(1) < 2 || !isIntegral(batch.ids().getDataType())) {
            throw new LoraException(
                    "TrainBatchShape",
                    "A batch is "
                            + batch.ids().getDataType()
                            + " of shape "
                            + shape
                            + ". Token ids to train on are int64 (B, T), with at least 2 tokens in"
                            + " a row: one to read and one to predict.");
        }
        if (!batch.labels().getShape().equals(shape)) {
            throw new LoraException(
                    "TrainLabelShape",
                    "A batch has ids of shape "
                            + shape
                            + " and labels of shape "
                            + batch.labels().getShape()
                            + ". Give a label for every token; labels are not shifted.");
        }
        NDManager scope = manager.newSubManager();
        NDArray inputs = copy(batch.ids().get(scope, new NDIndex(":, :-1")), scope); // (B, T − 1)
        boolean mayIgnore = batch.labels() != batch.ids();
        return new NextTokens(scope, inputs, Targets.of(batch.labels(), mayIgnore, scope));
    }

    /**
     * Returns a copy of ids as int64, on the scope's device. Autograd keeps ids until backward, and
     * the caller's may lie in a buffer that it frees; {@code toType(type, true)} copies only where
     * the type changes.
     */
    static NDArray copy(NDArray ids, NDManager scope) {
        return ids.toType(DataType.INT64, false).toDevice(scope.getDevice(), false).duplicate();
    }

    /** Returns how many tokens count. */
    long count() {
        return targets.count();
    }

    @Override
    public void close() {
        scope.close();
    }

    private static boolean isIntegral(DataType type) {
        return type == DataType.INT64 || type == DataType.INT32;
    }
}
