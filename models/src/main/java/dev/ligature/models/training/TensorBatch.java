package dev.ligature.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import java.util.Map;
import java.util.Objects;

/**
 * The tensors of one batch.
 *
 * @param arrays int64 each, without the axis of the steps
 */
record TensorBatch(Map<BatchTensor, NDArray> arrays) {
    /** Copies the map. */
    TensorBatch {
        arrays = Map.copyOf(arrays);
    }

    boolean has(BatchTensor tensor) {
        return arrays.containsKey(tensor);
    }

    NDArray array(BatchTensor tensor) {
        return Objects.requireNonNull(arrays.get(tensor), tensor::title);
    }

    /** Returns the mask of the token ids: all of them where the file has none, (B, T). */
    NDArray mask() {
        NDArray ids =
                array(
                        has(BatchTensor.PAIRED_INPUT_IDS)
                                ? BatchTensor.PAIRED_INPUT_IDS
                                : BatchTensor.INPUT_IDS);
        return has(BatchTensor.ATTENTION_MASK)
                ? array(BatchTensor.ATTENTION_MASK)
                : ids.getManager().ones(ids.getShape(), DataType.INT64);
    }
}
