package dev.ligature.server.model;

import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.models.ModelTask;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.text.TextTokenizer;
import java.io.IOException;

/** A model that a server serves. What it answers follows from the checkpoint's class. */
public sealed interface TaskModel permits LanguageModel, EncoderModel {
    /** Returns the wrapped model. */
    LoraModel lora();

    /** Returns its tokenizer. */
    TextTokenizer tokenizer();

    /** Returns the most tokens of a text. */
    int maxTokens();

    /** Returns what its outputs are. */
    ModelTask task();

    /**
     * Returns a loaded model, which must stay open.
     *
     * @param model a causal language model, an embedding model or a classifier of texts
     * @throws IOException if it has no tokenizer, or a file that says what its outputs mean is
     *     damaged
     * @throws LoraException if it is of another kind
     */
    static TaskModel of(PretrainedModel model) throws IOException {
        return switch (model.task()) {
            case FEATURE_EXTRACTION -> EmbeddingModel.of(model);
            case SEQ_CLS -> ClassifierModel.of(model);
            default -> LanguageModel.of(model);
        };
    }
}
