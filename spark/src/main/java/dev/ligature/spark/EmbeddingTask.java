package dev.ligature.spark;

import ai.djl.ndarray.NDManager;
import dev.ligature.Routing;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.embedding.TextEmbedder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The embeddings of texts. */
final class EmbeddingTask implements TextTask {
    private final PretrainedModel model;
    private final TextLimit limit;
    private final TextEmbedder embedder;

    EmbeddingTask(PretrainedModel model, TextLimit limit) throws IOException {
        this.model = model;
        this.limit = limit;
        this.embedder = TextEmbedder.of(model, Routing.none());
    }

    @Override
    public long[] encode(String text) throws IOException {
        return limit.encode(text, embedder.recipe().maxTokens());
    }

    @Override
    public List<Object> compute(List<Input> inputs) {
        try (NDManager scope = model.manager().newSubManager()) {
            float[] all =
                    embedder.through(Routing.rows(Input.adapters(inputs)))
                            .embed(Input.ids(inputs), scope) // (B, d)
                            .toFloatArray();
            int size = all.length / inputs.size();
            List<Object> results = new ArrayList<>();
            for (int row = 0; row < inputs.size(); row++) {
                results.add(Arrays.copyOfRange(all, row * size, (row + 1) * size));
            }
            return results;
        }
    }
}
