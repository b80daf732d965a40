package dev.ligature.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

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
            throw TrainingMessage.BATCH_SHAPE.error(batch.ids().getDataType(), shape);
        }
        if (!batch.labels().getShape().equals(shape)) {
            throw TrainingMessage.LABEL_SHAPE.error(shape, batch.labels().getShape());
        }
        NDManager scope = manager.newSubManager();
        NDArray inputs =
                Targets.copy(batch.ids().get(scope, new NDIndex(":, :-1")), scope); // (B, T − 1)
        boolean mayIgnore = batch.labels() != batch.ids();
        return new NextTokens(scope, inputs, Targets.of(batch.labels(), mayIgnore, scope));
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
