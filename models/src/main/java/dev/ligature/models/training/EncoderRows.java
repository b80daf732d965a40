package dev.ligature.models.training;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.text.TokenizedText;
import java.util.ArrayList;
import java.util.List;

/** The inputs of an encoder: token ids, mask and, where the model has any, token types. */
final class EncoderRows {
    private static final String TYPES = "token_type_embeddings";

    private EncoderRows() {}

    /** Returns whether a model tells the texts of a pair apart by types of tokens. */
    static boolean hasTypes(PretrainedModel model) {
        return model.lora().layout().modules().stream()
                .anyMatch(module -> module.name().endsWith(TYPES));
    }

    /** Returns the inputs for texts; encoders look at no token of padding. */
    static NDList of(List<TokenizedText> texts, boolean hasTypes, NDManager manager) {
        List<long[]> ids = texts.stream().map(TokenizedText::ids).toList();
        NDList inputs =
                new NDList(Padding.rows(ids, 0, manager), Padding.mask(ids, manager)); // (B, T)
        if (hasTypes) {
            inputs.add(Padding.rows(texts.stream().map(TokenizedText::types).toList(), 0, manager));
        }
        return inputs;
    }

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
