package dev.ligature.models.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.training.TrainingBatch;
import java.util.ArrayList;
import java.util.List;

/**
 * The loss of embeddings for search: InfoNCE with in-batch negatives, in both directions. Each
 * question is to find its own answer among those of the batch, and each answer its own question, by
 * cosine similarity.
 *
 * <pre>{@code
 * InBatchNegatives loss = new InBatchNegatives(embedder.recipe(), 0.05);
 * try (NDManager scope = manager.newSubManager()) {
 *     loop.step(loss.batch(embedder.encode(questions), embedder.encode(answers), scope));
 * }
 * }</pre>
 *
 * <p>As a DJL loss:
 *
 * <ul>
 *   <li>labels: the mask of the texts, fp32 (2B, T), 0 at padding and 1 else
 *   <li>predictions: their hidden states (2B, T, d): B questions, then their B answers
 *   <li>result: a scalar, the mean over the pairs
 * </ul>
 */
public final class InBatchNegatives extends Loss {
    private final EmbeddingRecipe recipe;
    private final float temperature;

    /**
     * Creates the loss.
     *
     * @param recipe how a text's hidden states become one vector; vectors always get length 1
     * @param temperature what similarities are divided by, such as 0.05
     */
    public InBatchNegatives(EmbeddingRecipe recipe, double temperature) {
        super("InBatchNegatives");
        if (!(temperature > 0) || temperature == Double.POSITIVE_INFINITY) {
            throw ModelMessage.PAIR_TEMPERATURE.error(temperature);
        }
        this.recipe = new EmbeddingRecipe(recipe.pooling(), true, recipe.maxTokens());
        this.temperature = (float) temperature;
    }

    /**
     * Returns a batch for {@code TrainingLoop.step}.
     *
     * @param questions the token ids of B questions, no two of which have the same answer
     * @param answers those of their answers, in the same order
     * @param manager the owner of the batch's arrays
     */
    public TrainingBatch batch(List<long[]> questions, List<long[]> answers, NDManager manager) {
        if (questions.size() != answers.size() || questions.isEmpty()) {
            throw ModelMessage.PAIRS.error(questions.size(), answers.size());
        }
        List<long[]> texts = new ArrayList<>(questions);
        texts.addAll(answers);
        NDList inputs = TextEmbedder.padded(texts, manager);
        return new TrainingBatch(inputs, new NDList(inputs.get(1)), this, questions.size());
    }

    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        NDArray hidden = predictions.head(); // (2B, T, d)
        NDManager manager = hidden.getManager();
        long pairs = hidden.getShape().get(0) / 2;
        NDArray vectors = recipe.embed(hidden, labels.head()); // (2B, d)
        NDArray questions = vectors.get(new NDIndex(":{}", pairs)); // (B, d)
        NDArray answers = vectors.get(new NDIndex("{}:", pairs)); // (B, d)
        NDArray scores =
                questions
                        .matMul(answers.transpose()) // (B, d) x (d, B) -> (B, B)
                        .mul(scalar(manager, 1 / temperature));
        NDArray own = manager.eye((int) pairs); // (B, B)
        return scores.logSoftmax(1)
                .add(scores.logSoftmax(0))
                .mul(own)
                .sum()
                .mul(scalar(manager, -0.5f / pairs));
    }

    /** Returns an array: autograd would use a Java number after Java has freed it. */
    private static NDArray scalar(NDManager manager, float value) {
        return manager.full(new Shape(), value, DataType.FLOAT32);
    }
}
