package dev.ligature.models.training;

import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.List;

/** The tensors of an encoder's batches in files: token ids, mask and, perhaps, token types. */
final class EncoderRows {
    private EncoderRows() {}

    /** Returns the tensors of a batch in a file. */
    static List<BatchTensor> tensors(BatchTensor labels, boolean hasTypes) {
        List<BatchTensor> tensors = new ArrayList<>();
        tensors.add(BatchTensor.INPUT_IDS);
        tensors.add(labels);
        tensors.add(BatchTensor.ATTENTION_MASK);
        if (hasTypes) {
            tensors.add(BatchTensor.TOKEN_TYPE_IDS);
        }
        return tensors;
    }

    /** Returns the inputs of a batch in a file. */
    static NDList of(TensorBatch batch) {
        NDList inputs = new NDList(batch.array(BatchTensor.INPUT_IDS), batch.mask());
        if (batch.has(BatchTensor.TOKEN_TYPE_IDS)) {
            inputs.add(batch.array(BatchTensor.TOKEN_TYPE_IDS));
        }
        return inputs;
    }
}
