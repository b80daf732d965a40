package dev.ligature.models.evaluation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;

/**
 * Of pairs: how far in front the answer of each question is, by the dot product of embeddings,
 * among all answers and other texts of the data. The rank is one more than the number of texts that
 * are nearer by more than rounding: the same text in two batches is as near.
 */
public final class PairMeasure implements Measure {
    private static final int FEW = 10;
    private static final double ROUNDING = 1e-5;

    private final BinaryOperator<NDArray> embedding;
    private final List<float[]> questions = new ArrayList<>();
    private final List<float[]> answers = new ArrayList<>();
    private final List<float[]> others = new ArrayList<>();

    /**
     * Creates it.
     *
     * @param embedding makes vectors (N, d) of length 1 of labels and hidden states: B questions,
     *     then their answers, then other texts
     */
    public PairMeasure(BinaryOperator<NDArray> embedding) {
        this.embedding = embedding;
    }

    @Override
    public void add(NDList labels, NDList outputs, long items) {
        NDArray vectors = embedding.apply(labels.head(), outputs.head()); // (N, d)
        float[] all = vectors.toFloatArray();
        int width = Math.toIntExact(vectors.getShape().get(1));
        for (int text = 0; text < all.length / width; text++) {
            float[] vector = new float[width];
            System.arraycopy(all, text * width, vector, 0, width);
            (text < items ? questions : text < 2 * items ? answers : others).add(vector);
        }
    }

    @Override
    public Map<String, Double> numbers(double loss) {
        double first = 0;
        double among = 0;
        double reciprocal = 0;
        for (int question = 0; question < questions.size(); question++) {
            int rank = rank(question);
            first += rank == 1 ? 1 : 0;
            among += rank <= FEW ? 1 : 0;
            reciprocal += 1.0 / rank;
        }
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("recall_at_1", first / questions.size());
        numbers.put("recall_at_10", among / questions.size());
        numbers.put("mrr", reciprocal / questions.size());
        return numbers;
    }

    private int rank(int question) {
        float[] vector = questions.get(question);
        double own = dot(vector, answers.get(question)) + ROUNDING;
        long nearer =
                answers.stream().filter(answer -> dot(vector, answer) > own).count()
                        + others.stream().filter(other -> dot(vector, other) > own).count();
        return Math.toIntExact(nearer + 1);
    }

    private static double dot(float[] one, float[] other) {
        double sum = 0;
        for (int i = 0; i < one.length; i++) {
            sum += (double) one[i] * other[i];
        }
        return sum;
    }
}
