package dev.ligature.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.ligature.models.embedding.EmbeddingRecipe;
import dev.ligature.models.embedding.InBatchNegatives;
import dev.ligature.models.evaluation.Measure;
import dev.ligature.models.evaluation.PairMeasure;
import dev.ligature.models.text.DataLine;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Embeddings for search, by {@link InBatchNegatives}: the mean over the pairs. */
final class EmbeddingTask implements TrainingTask<EmbeddingTask.Example> {
    private static final String QUERY = "query";
    private static final String POSITIVE = "positive";
    private static final String NEGATIVES = "negatives";

    private final TextTokens tokens;
    private final InBatchNegatives loss;

    /** A question, its answer, and texts that do not answer it. */
    static final class Example {
        private final long[] query;
        private final long[] positive;
        private final List<long[]> negatives;

        private Example(long[] query, long[] positive, List<long[]> negatives) {
            this.query = query;
            this.positive = positive;
            this.negatives = negatives;
        }
    }

    EmbeddingTask(TextTokens tokens, double temperature) throws IOException {
        EmbeddingRecipe recipe = EmbeddingRecipe.read(tokens.model().directory());
        this.tokens = new TextTokens(tokens.model(), Math.min(tokens.most(), recipe.maxTokens()));
        this.loss = new InBatchNegatives(recipe, temperature);
    }

    @Override
    public String form() {
        return "{\"query\": \"…\", \"positive\": \"…\"}, with \"negatives\": [\"…\"] or without,";
    }

    @Override
    public String items() {
        return "pairs";
    }

    @Override
    public long cut() {
        return tokens.cut();
    }

    @Override
    public void check(DataLine line) throws IOException {
        line.text(QUERY);
        line.text(POSITIVE);
        line.texts(NEGATIVES);
    }

    @Override
    public Example read(DataLine line) throws IOException {
        List<long[]> negatives = new ArrayList<>();
        for (String negative : line.texts(NEGATIVES)) {
            negatives.add(tokens.text(negative).ids());
        }
        return new Example(
                tokens.text(line.text(QUERY)).ids(),
                tokens.text(line.text(POSITIVE)).ids(),
                negatives);
    }

    @Override
    public TrainingBatch batch(List<Example> examples, Random random, NDManager manager) {
        return loss.batch(
                examples.stream().map(e -> e.query).toList(),
                examples.stream().map(e -> e.positive).toList(),
                examples.stream().flatMap(e -> e.negatives.stream()).toList(),
                manager);
    }

    @Override
    public Measure measure() {
        return new PairMeasure(loss::vectors);
    }

    @Override
    public List<BatchTensor> tensors() {
        return List.of(BatchTensor.PAIRED_INPUT_IDS, BatchTensor.ATTENTION_MASK);
    }

    @Override
    public TrainingBatch batch(TensorBatch batch) {
        NDArray ids = batch.array(BatchTensor.PAIRED_INPUT_IDS); // (2B, T)
        return loss.batch(new NDList(ids, batch.mask()), ids.getShape().get(0) / 2);
    }

    @Override
    public TrainingBatch batch(NDList inputs, NDList labels, long count) {
        return loss.batch(inputs, labels, count);
    }
}
