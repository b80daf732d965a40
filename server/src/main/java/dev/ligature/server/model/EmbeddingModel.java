package dev.ligature.server.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.models.ModelTask;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.embedding.TextEmbedder;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.models.text.TokenizedText;
import java.io.IOException;
import java.util.List;

/**
 * A model that embeds texts.
 *
 * @param lora the wrapped model
 * @param tokenizer its tokenizer
 * @param embedder computes the embeddings
 * @param vocabulary how many tokens it knows
 * @param size the numbers of an embedding
 * @param dimensions the smaller sizes that it was trained for ({@code matryoshka_dimensions} of its
 *     config.json); empty if embeddings are of use only as a whole
 */
public record EmbeddingModel(
        LoraModel lora,
        TextTokenizer tokenizer,
        TextEmbedder embedder,
        int vocabulary,
        int size,
        List<Integer> dimensions)
        implements EncoderModel {
    /** Copies the list. */
    public EmbeddingModel {
        dimensions = List.copyOf(dimensions);
    }

    /**
     * Returns a loaded model, which must stay open.
     *
     * @param model the model
     * @throws IOException if it has no tokenizer, or its files for pooling are damaged
     * @throws LoraException if it has a head
     */
    public static EmbeddingModel of(PretrainedModel model) throws IOException {
        TextEmbedder embedder = TextEmbedder.of(model, Routing.none());
        ConfigFields fields = ConfigFields.ofModel(model.directory());
        return new EmbeddingModel(
                model.lora(),
                model.tokenizer(),
                embedder,
                model.vocabulary(),
                fields.required("hidden_size"),
                fields.names("matryoshka_dimensions")
                        ? fields.integers("matryoshka_dimensions")
                        : List.of());
    }

    @Override
    public int numbers() {
        return size;
    }

    @Override
    public int maxTokens() {
        return embedder.recipe().maxTokens();
    }

    @Override
    public ModelTask task() {
        return ModelTask.FEATURE_EXTRACTION;
    }

    @Override
    public NDArray compute(List<TokenizedText> texts, Routing adapters, NDManager manager) {
        return embedder.through(adapters)
                .embed(texts.stream().map(TokenizedText::ids).toList(), manager); // (B, d)
    }
}
