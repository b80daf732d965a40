package dev.ligature.models.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.models.ModelTask;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.text.TextTokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * Embeds texts.
 *
 * <pre>{@code
 * try (PretrainedModel model = PretrainedModel.load(directory)) {
 *     TextEmbedder embedder = TextEmbedder.of(model, Routing.none());
 *     NDArray embeddings = embedder.embed(embedder.encode(List.of("a text", "another")), manager);
 * }
 * }</pre>
 */
public final class TextEmbedder {
    private final PretrainedModel model;
    private final EmbeddingRecipe recipe;
    private final Block block;

    private TextEmbedder(PretrainedModel model, EmbeddingRecipe recipe, Block block) {
        this.model = model;
        this.recipe = recipe;
        this.block = block;
    }

    /**
     * Returns what embeds texts by a model.
     *
     * @param model a model without a head
     * @param routing the adapters that it goes through: of rows, as many as texts are embedded at
     *     once
     * @throws LoraException if the model has a head
     * @throws IOException if the files for pooling are damaged, or ask for what is not computed
     */
    public static TextEmbedder of(PretrainedModel model, Routing routing) throws IOException {
        if (model.task() != ModelTask.FEATURE_EXTRACTION) {
            throw ModelMessage.NOT_EMBEDDING.error(model.directory(), model.task().title());
        }
        return new TextEmbedder(
                model, EmbeddingRecipe.read(model.directory()), model.lora().routed(routing));
    }

    /**
     * Returns what embeds texts by the same model through other adapters.
     *
     * @param routing the adapters: of rows, as many as texts are embedded at once
     */
    public TextEmbedder through(Routing routing) {
        return new TextEmbedder(model, recipe, model.lora().routed(routing));
    }

    /** Returns how hidden states are pooled. */
    public EmbeddingRecipe recipe() {
        return recipe;
    }

    /**
     * Returns the token ids of texts, with what the tokenizer puts around them. Of a text that is
     * too long the last tokens before its end token are left out.
     *
     * @param texts the texts
     * @throws IOException if the model has no tokenizer
     */
    public List<long[]> encode(List<String> texts) throws IOException {
        return encode(texts, recipe.maxTokens());
    }

    /**
     * Returns the token ids of texts, of which longer ones are cut earlier than the model has to.
     *
     * @param texts the texts
     * @param most the most tokens of a text, 2 at least
     * @throws IOException if the model has no tokenizer
     */
    public List<long[]> encode(List<String> texts, int most) throws IOException {
        TextTokenizer tokenizer = model.tokenizer();
        int length = Math.min(most, recipe.maxTokens());
        return texts.stream().map(text -> cut(tokenizer.encodePrompt(text), length)).toList();
    }

    private static long[] cut(long[] ids, int most) {
        if (ids.length <= most) {
            return ids;
        }
        long[] cut = Arrays.copyOf(ids, most);
        cut[most - 1] = ids[ids.length - 1];
        return cut;
    }

    /**
     * Returns the embeddings of texts, {@code (B, d)} fp32, which belong to the manager.
     *
     * @param texts the token ids of each text, one at least
     * @param manager the owner of the embeddings
     */
    public NDArray embed(List<long[]> texts, NDManager manager) {
        try (NDManager scope = manager.newSubManager()) {
            NDList inputs = padded(texts, scope);
            NDArray hidden =
                    block.forward(new ParameterStore(scope, false), inputs, false)
                            .get(0); // (B, T, d)
            NDArray embeddings =
                    recipe.embed(hidden.toType(DataType.FLOAT32, false), inputs.get(1)); // (B, d)
            embeddings.attach(manager);
            return embeddings;
        }
    }

    /** Returns token ids (B, T), padded behind, and their mask, fp32 (B, T). */
    static NDList padded(List<long[]> texts, NDManager manager) {
        int tokens = texts.stream().mapToInt(ids -> ids.length).max().orElse(0);
        long[][] ids = new long[texts.size()][tokens];
        float[][] mask = new float[texts.size()][tokens];
        for (int row = 0; row < ids.length; row++) {
            long[] text = texts.get(row);
            System.arraycopy(text, 0, ids[row], 0, text.length);
            Arrays.fill(mask[row], 0, text.length, 1);
        }
        return new NDList(manager.create(ids), manager.create(mask));
    }
}
