package dev.ligature.langchain4j;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.model.embedding.DimensionAwareEmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.StoreFullException;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.embedding.TextEmbedder;
import dev.ligature.store.AdapterLease;
import dev.ligature.store.AdapterStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * An embedding model in this process, through the base or through an adapter of a store.
 *
 * <pre>{@code
 * LigatureEmbeddingModel base = LigatureEmbeddingModel.of(model);
 * LigatureEmbeddingModel legal = LigatureEmbeddingModel.of(model, store, "legal");
 * }</pre>
 *
 * <p>Texts are embedded in batches of similar lengths; longer ones than the model takes lose their
 * end. An adapter is held while texts are embedded, so that its replacement is seen by the next
 * call. Thread-safe.
 */
public final class LigatureEmbeddingModel extends DimensionAwareEmbeddingModel {
    private static final int BATCH = 32;

    private final PretrainedModel model;
    private final TextEmbedder embedder;
    private final @Nullable AdapterStore store;
    private final String adapter;

    private LigatureEmbeddingModel(
            PretrainedModel model, @Nullable AdapterStore store, String adapter)
            throws IOException {
        this.model = model;
        this.embedder = TextEmbedder.of(model, Routing.none());
        this.store = store;
        this.adapter = adapter;
        model.tokenizer(); // an error now, if there is none
    }

    /**
     * Returns the embeddings of the base.
     *
     * @param model a model without a head, which must stay open
     * @throws LoraException if the model has a head
     * @throws IOException if its tokenizer or its files for pooling cannot be read
     */
    public static LigatureEmbeddingModel of(PretrainedModel model) throws IOException {
        return new LigatureEmbeddingModel(Objects.requireNonNull(model, "model"), null, "");
    }

    /**
     * Returns the embeddings through an adapter.
     *
     * @param model a model without a head, which must stay open
     * @param store the model's adapters, which must stay open
     * @param adapter a name in the store, looked up at each call
     * @throws LoraException if the model has a head
     * @throws IOException if its tokenizer or its files for pooling cannot be read
     */
    public static LigatureEmbeddingModel of(
            PretrainedModel model, AdapterStore store, String adapter) throws IOException {
        return new LigatureEmbeddingModel(
                Objects.requireNonNull(model, "model"),
                Objects.requireNonNull(store, "store"),
                Objects.requireNonNull(adapter, "adapter"));
    }

    /**
     * Embeds texts, in their order.
     *
     * @throws LangChain4jException if the adapter is not there or cannot be used
     * @throws IllegalStateException if the model is closed
     */
    @Override
    public Response<List<Embedding>> embedAll(List<TextSegment> segments) {
        ChatFailure.checkOpen(model);
        if (segments.isEmpty()) {
            return Response.from(List.of(), new TokenUsage(0));
        }
        try (AdapterLease lease = lease()) {
            TextEmbedder through = lease == null ? embedder : embedder.through(lease.routing());
            List<long[]> ids = through.encode(segments.stream().map(TextSegment::text).toList());
            int tokens = ids.stream().mapToInt(each -> each.length).sum();
            return Response.from(embed(through, ids), new TokenUsage(tokens));
        } catch (IOException e) {
            throw new InternalServerException(e.getMessage(), e);
        }
    }

    private @Nullable AdapterLease lease() {
        if (store == null) {
            return null;
        }
        try {
            return store.lease(adapter);
        } catch (StoreFullException e) {
            throw ChatFailure.full(e);
        } catch (IOException | LoraException e) {
            throw ChatFailure.ofAdapter(adapter, e);
        }
    }

    private List<Embedding> embed(TextEmbedder through, List<long[]> ids) {
        int[] byLength =
                IntStream.range(0, ids.size())
                        .boxed()
                        .sorted(Comparator.comparingInt(i -> ids.get(i).length))
                        .mapToInt(Integer::intValue)
                        .toArray();
        Embedding[] embeddings = new Embedding[ids.size()];
        for (int from = 0; from < byLength.length; from += BATCH) {
            int to = Math.min(byLength.length, from + BATCH);
            List<long[]> batch = new ArrayList<>();
            for (int i = from; i < to; i++) {
                batch.add(ids.get(byLength[i]));
            }
            try (NDManager scope = model.manager().newSubManager()) {
                NDArray rows = through.embed(batch, scope); // (B, d)
                int d = (int) rows.getShape().get(1);
                float[] all = rows.toFloatArray();
                for (int i = from; i < to; i++) {
                    float[] vector = new float[d];
                    System.arraycopy(all, (i - from) * d, vector, 0, d);
                    embeddings[byLength[i]] = Embedding.from(vector);
                }
            }
        }
        return List.of(embeddings);
    }
}
