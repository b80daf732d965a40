package dev.ligature.server.internal.handler;

import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.request.EncoderRequest;
import dev.ligature.server.model.EmbeddingModel;
import java.util.Arrays;
import java.util.List;

/**
 * Shorter embeddings, of models that were trained for them: the first numbers, with length 1 again
 * where the whole ones have it. Of other models they would find less, and nobody would know.
 */
final class EmbeddingSize {
    private EmbeddingSize() {}

    /**
     * Checks a request.
     *
     * @throws ApiException if it asks for a size that the model was not trained for
     */
    static void check(EncoderRequest request, EmbeddingModel model) {
        if (request.dimensions().isEmpty()) {
            return;
        }
        int asked = request.dimensions().getAsInt();
        List<Integer> known = model.dimensions();
        if (asked != model.size() && !known.contains(asked)) {
            throw ApiException.field(
                    400,
                    "unsupported_field",
                    "dimensions",
                    "The model's embeddings have "
                            + model.size()
                            + " numbers"
                            + (known.isEmpty()
                                    ? ", and no others are known to be of use (config.json has no"
                                            + " matryoshka_dimensions). Leave dimensions out."
                                    : "; dimensions may also be one of " + known + "."));
        }
    }

    /** Returns embeddings of the size that a request asks for. */
    static float[][] cut(EncoderRequest request, float[][] embeddings, EmbeddingModel model) {
        int size = request.dimensions().orElse(model.size());
        if (size == model.size()) {
            return embeddings;
        }
        boolean normalized = model.embedder().recipe().normalized();
        float[][] cut = new float[embeddings.length][];
        for (int text = 0; text < cut.length; text++) {
            float[] first = Arrays.copyOf(embeddings[text], size);
            cut[text] = normalized ? normalized(first) : first;
        }
        return cut;
    }

    private static float[] normalized(float[] numbers) {
        double sum = 0;
        for (float number : numbers) {
            sum += (double) number * number;
        }
        double length = Math.max(Math.sqrt(sum), 1e-12);
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) (numbers[i] / length);
        }
        return numbers;
    }
}
