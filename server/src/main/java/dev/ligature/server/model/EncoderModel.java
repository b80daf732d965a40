package dev.ligature.server.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.Routing;
import dev.ligature.models.text.TokenizedText;
import java.util.List;

/** A model that computes some numbers of each text. */
public sealed interface EncoderModel extends TaskModel permits EmbeddingModel, ClassifierModel {
    /** Returns how many tokens the model knows. */
    int vocabulary();

    /** Returns how many numbers d it computes of a text. */
    int numbers();

    /**
     * Returns the numbers of texts, fp32 {@code (B, d)}, which belong to the manager.
     *
     * @param texts the texts, one at least
     * @param adapters the adapter of each text
     * @param manager the owner of the numbers
     */
    NDArray compute(List<TokenizedText> texts, Routing adapters, NDManager manager);
}
