package dev.ligature.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.ligature.Routing;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.embedding.TextEmbedder;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** A search for methods by what they do: every question among all answers, by cosine. */
final class ApiSearch implements AutoCloseable {
    private static final int BATCH = 64;

    private final PretrainedModel model;
    private final List<ApiPair> pairs;
    private final int most;
    private final NDManager manager;

    /**
     * Creates a search.
     *
     * @param model the embedding model
     * @param pairs the methods to search
     * @param most the most tokens of a text
     */
    ApiSearch(PretrainedModel model, List<ApiPair> pairs, int most) {
        this.model = model;
        this.pairs = pairs;
        this.most = most;
        this.manager = model.manager().newSubManager();
    }

    /**
     * The answers as one routing embeds them, and what it finds.
     *
     * @param answers the embeddings of all answers, (N, d)
     * @param ranks for each question the rank of its own answer, from 1
     */
    record Index(NDArray answers, List<Integer> ranks) {
        /** Returns the part of questions whose own answer is among the first ones. */
        double recall(int first) {
            return ranks.stream().mapToDouble(rank -> rank <= first ? 1 : 0).sum() / ranks.size();
        }

        /** Returns the mean of 1 / rank (MRR). */
        double meanReciprocalRank() {
            return ranks.stream().mapToDouble(rank -> 1.0 / rank).average().orElse(0);
        }
    }

    /** Embeds all texts through a routing and searches for every question. */
    Index index(Routing routing) throws IOException {
        TextEmbedder embedder = TextEmbedder.of(model, routing);
        try (NDManager scope = manager.newSubManager()) {
            NDArray questions =
                    embed(embedder, pairs.stream().map(ApiPair::question).toList(), scope);
            NDArray answers = embed(embedder, pairs.stream().map(ApiPair::answer).toList(), scope);
            float[] scores =
                    questions.matMul(answers.transpose()).toFloatArray(); // (N, d) x (d, N)
            int[] ranks = new int[pairs.size()];
            for (int row = 0; row < ranks.length; row++) {
                float own = scores[row * ranks.length + row];
                ranks[row] = 1;
                for (int column = 0; column < ranks.length; column++) {
                    ranks[row] += scores[row * ranks.length + column] > own ? 1 : 0;
                }
            }
            answers.attach(manager);
            return new Index(answers, Arrays.stream(ranks).boxed().toList());
        }
    }

    /** Returns the method that is nearest to an embedding, (1, d). */
    ApiPair nearest(NDArray question, Index index) {
        try (NDArray scores = index.answers().matMul(question.reshape(-1, 1))) { // (N, 1)
            return pairs.get((int) scores.argMax(0).getLong());
        }
    }

    /**
     * Returns the embeddings of texts, (N, d); like lengths go together, so that little is padding.
     */
    private NDArray embed(TextEmbedder embedder, List<String> texts, NDManager scope)
            throws IOException {
        List<long[]> ids = embedder.encode(texts, most);
        int[] order =
                IntStream.range(0, ids.size())
                        .boxed()
                        .sorted(Comparator.comparing(row -> ids.get(row).length))
                        .mapToInt(Integer::intValue)
                        .toArray();
        NDList batches = new NDList();
        for (int from = 0; from < order.length; from += BATCH) {
            int to = Math.min(order.length, from + BATCH);
            batches.add(
                    embedder.embed(
                            Arrays.stream(order, from, to).mapToObj(ids::get).toList(), scope));
        }
        long[] back = new long[order.length];
        for (int place = 0; place < order.length; place++) {
            back[order[place]] = place;
        }
        return NDArrays.concat(batches).get(new NDIndex("{}", scope.create(back)));
    }

    @Override
    public void close() {
        manager.close();
    }
}
