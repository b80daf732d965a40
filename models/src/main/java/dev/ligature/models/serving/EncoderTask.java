package dev.ligature.models.serving;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.ligature.Routing;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.classification.ClassLabels;
import dev.ligature.models.classification.TextClassifier;
import dev.ligature.models.embedding.TextEmbedder;
import dev.ligature.models.text.TextTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** What an encoder's outputs are for. */
interface EncoderTask {
    /** Returns the token ids of a text, with what the tokenizer puts around it. */
    long[] encode(String text) throws IOException;

    /**
     * Returns the results of texts.
     *
     * @param outputs what the model has computed, (B, …)
     * @param mask fp32, (B, T), 0 at padding and 1 else
     */
    List<JsonElement> results(NDArray outputs, NDArray mask);

    /** Returns the task of a model without a head. */
    static EncoderTask embedding(PretrainedModel model) throws IOException {
        TextEmbedder embedder = TextEmbedder.of(model, Routing.none());
        model.tokenizer(); // an error now, if there is none
        return new EncoderTask() {
            @Override
            public long[] encode(String text) throws IOException {
                return embedder.encode(List.of(text)).get(0);
            }

            @Override
            public List<JsonElement> results(NDArray outputs, NDArray mask) {
                NDArray hidden = outputs.toType(DataType.FLOAT32, false); // (B, T, d)
                List<JsonElement> results = new ArrayList<>();
                for (float[] embedding : rows(embedder.recipe().embed(hidden, mask))) {
                    JsonArray numbers = new JsonArray();
                    for (float number : embedding) {
                        numbers.add(number);
                    }
                    results.add(numbers);
                }
                return results;
            }
        };
    }

    /** Returns the task of a classifier of texts. */
    static EncoderTask classification(PretrainedModel model) throws IOException {
        TextClassifier classifier = TextClassifier.of(model, Routing.none());
        ClassLabels labels = classifier.labels();
        TextTokenizer tokenizer = model.tokenizer();
        return new EncoderTask() {
            @Override
            public long[] encode(String text) {
                return tokenizer.tokenize(text).cut(classifier.maxTokens()).ids();
            }

            @Override
            public List<JsonElement> results(NDArray outputs, NDArray mask) {
                List<JsonElement> results = new ArrayList<>();
                for (float[] logits : rows(outputs.toType(DataType.FLOAT32, false))) {
                    results.add(ranked(labels.names(), labels.apply(logits)));
                }
                return results;
            }
        };
    }

    private static JsonArray ranked(List<String> names, float[] numbers) {
        JsonArray ranked = new JsonArray();
        IntStream.range(0, numbers.length)
                .boxed()
                .sorted(Comparator.comparingDouble(label -> -numbers[label]))
                .forEach(
                        label -> {
                            JsonObject one = new JsonObject();
                            one.addProperty("className", names.get(label));
                            one.addProperty("probability", numbers[label]);
                            ranked.add(one);
                        });
        return ranked;
    }

    private static float[][] rows(NDArray matrix) {
        int width = (int) matrix.getShape().get(1);
        float[] all = matrix.toFloatArray();
        float[][] rows = new float[(int) matrix.getShape().get(0)][width];
        for (int row = 0; row < rows.length; row++) {
            System.arraycopy(all, row * width, rows[row], 0, width);
        }
        return rows;
    }
}
