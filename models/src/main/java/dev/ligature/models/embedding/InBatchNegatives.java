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
import java.util.Arrays;
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
 *   <li>labels: the mask of the texts, fp32 (2B, T), 0 at padding and 1 else; perhaps what is added
 *       to the similarities, (B, B + N)
 *   <li>predictions: their hidden states (2B, T, d): B questions, then their B answers; after these
 *       come the negatives of a batch that has any
 *   <li>result: a scalar, the mean over the pairs
 * </ul>
 */
public final class InBatchNegatives extends Loss {
    private static final float HIDDEN = -1e9f;

    private final EmbeddingRecipe recipe;
    private final float temperature;
    private final long given; // the pairs of the batch; 0 if all texts are of pairs

    /**
     * Creates the loss.
     *
     * @param recipe how a text's hidden states become one vector; vectors always get length 1
     * @param temperature what similarities are divided by, such as 0.05
     */
    public InBatchNegatives(EmbeddingRecipe recipe, double temperature) {
        this(recipe, temperature, 0);
    }

    private InBatchNegatives(EmbeddingRecipe recipe, double temperature, long given) {
        super("InBatchNegatives");
        if (!(temperature > 0) || temperature == Double.POSITIVE_INFINITY) {
            throw ModelMessage.PAIR_TEMPERATURE.error(temperature);
        }
        this.recipe = new EmbeddingRecipe(recipe.pooling(), true, recipe.maxTokens());
        this.temperature = (float) temperature;
        this.given = given;
    }

    /**
     * Returns a batch for {@code TrainingLoop.step}.
     *
     * @param questions the token ids of B questions
     * @param answers those of their answers, in the same order
     * @param manager the owner of the batch's arrays
     */
    public TrainingBatch batch(List<long[]> questions, List<long[]> answers, NDManager manager) {
        return batch(questions, answers, List.of(), manager);
    }

    /**
     * Returns a batch with texts that answer no question, among which each question is to find its
     * answer too. Of pairs with the same question or the same answer none is a wrong one of
     * another.
     *
     * @param questions the token ids of B questions
     * @param answers those of their answers, in the same order
     * @param negatives those of any number of other texts
     * @param manager the owner of the batch's arrays
     */
    public TrainingBatch batch(
            List<long[]> questions,
            List<long[]> answers,
            List<long[]> negatives,
            NDManager manager) {
        if (questions.size() != answers.size() || questions.isEmpty()) {
            throw ModelMessage.PAIRS.error(questions.size(), answers.size());
        }
        List<long[]> texts = new ArrayList<>(questions);
        texts.addAll(answers);
        texts.addAll(negatives);
        TrainingBatch batch = batch(TextEmbedder.padded(texts, manager), questions.size());
        List<long[]> found = texts.subList(questions.size(), texts.size());
        float[] hidden = hidden(questions, found);
        for (float each : hidden) {
            if (each < 0) {
                Shape shape = new Shape(questions.size(), found.size());
                batch.labels().add(manager.create(hidden, shape)); // (B, B + N)
                break;
            }
        }
        return batch;
    }

    /** Returns what is added to scores, so that no text is a wrong answer where it is right. */
    private static float[] hidden(List<long[]> questions, List<long[]> found) {
        float[] hidden = new float[questions.size() * found.size()];
        for (int question = 0; question < questions.size(); question++) {
            long[] asked = questions.get(question);
            long[] answer = found.get(question);
            for (int text = 0; text < found.size(); text++) {
                boolean sameAsked =
                        text < questions.size() && Arrays.equals(asked, questions.get(text));
                if (text != question && (sameAsked || Arrays.equals(answer, found.get(text)))) {
                    hidden[question * found.size() + text] = HIDDEN;
                }
            }
        }
        return hidden;
    }

    /**
     * Returns a batch of arrays.
     *
     * @param inputs token ids and mask of B questions, their B answers, and other texts, (N, T)
     *     each
     * @param pairs the number B
     */
    public TrainingBatch batch(NDList inputs, long pairs) {
        long texts = inputs.head().getShape().get(0);
        if (pairs < 1 || texts < 2 * pairs) {
            throw ModelMessage.PAIRS.error(pairs, texts - pairs);
        }
        NDArray mask = inputs.get(1).toType(DataType.FLOAT32, false); // (N, T)
        return batch(inputs, new NDList(mask), pairs);
    }

    /**
     * Returns a batch of the arrays that another batch has.
     *
     * @param inputs token ids and mask of its texts, (N, T) each
     * @param labels its labels
     * @param pairs its number of pairs
     */
    public TrainingBatch batch(NDList inputs, NDList labels, long pairs) {
        InBatchNegatives loss = new InBatchNegatives(recipe, temperature, pairs);
        return new TrainingBatch(inputs, labels, loss, pairs);
    }

    /**
     * Returns the vectors of texts, of length 1.
     *
     * @param mask fp32 (N, T), 0 at padding and 1 else
     * @param hidden their hidden states (N, T, d)
     * @return (N, d)
     */
    public NDArray vectors(NDArray mask, NDArray hidden) {
        return recipe.embed(hidden, mask);
    }

    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        NDArray hidden = predictions.head(); // (2B + N, T, d)
        NDManager manager = hidden.getManager();
        long texts = hidden.getShape().get(0);
        long pairs = given > 0 ? given : texts / 2;
        NDArray vectors = vectors(labels.head(), hidden); // (2B + N, d)
        NDArray questions = vectors.get(new NDIndex(":{}", pairs)); // (B, d)
        NDArray answers = vectors.get(new NDIndex("{}:", pairs)); // (B + N, d)
        NDArray scores =
                questions
                        .matMul(answers.transpose()) // (B, d) x (d, B + N) -> (B, B + N)
                        .mul(scalar(manager, 1 / temperature));
        if (labels.size() > 1) {
            scores = scores.add(labels.get(1));
        }
        NDArray own = manager.eye((int) pairs); // (B, B)
        NDArray found = scores.logSoftmax(1); // each question among all answers
        if (texts > 2 * pairs) { // which have no question of their own
            found = found.get(new NDIndex(":, :{}", pairs)); // (B, B)
            scores = scores.get(new NDIndex(":, :{}", pairs)); // (B, B)
        }
        return found.add(scores.logSoftmax(0)).mul(own).sum().mul(scalar(manager, -0.5f / pairs));
    }

    /** Returns an array: autograd would use a Java number after Java has freed it. */
    private static NDArray scalar(NDManager manager, float value) {
        return manager.full(new Shape(), value, DataType.FLOAT32);
    }
}
