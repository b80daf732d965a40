package dev.ligature.models.classification;

import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.encoder.EncoderFields;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The labels of a classifier, and what its logits mean: the {@code id2label} and {@code
 * problem_type} of config.json, as the pipelines of Transformers read them.
 *
 * @param names the names of the labels, by their numbers
 * @param activation what makes numbers of logits
 */
public record ClassLabels(List<String> names, Activation activation) {
    /** What makes numbers of logits. */
    public enum Activation {
        /** Probabilities that sum to 1, of texts that have one label of several. */
        SOFTMAX,
        /** A probability for each label, of texts that have any number of them. */
        SIGMOID,
        /** The logits themselves, of a regression. */
        NONE
    }

    /** Copies the list. */
    public ClassLabels {
        names = List.copyOf(names);
    }

    /**
     * Reads the labels of a model. Labels without a name are {@code LABEL_0} and so on.
     *
     * @param directory the model's directory
     * @throws IOException if config.json is damaged, or has another problem_type
     */
    public static ClassLabels read(Path directory) throws IOException {
        ConfigFields fields = ConfigFields.ofModel(directory);
        Optional<ConfigFields> given = fields.object("id2label");
        int count = new EncoderFields(fields).labels();
        List<String> names = new ArrayList<>();
        for (int label = 0; label < count; label++) {
            Optional<String> name = Optional.empty();
            if (given.isPresent()) {
                name = given.get().string(String.valueOf(label));
            }
            names.add(name.orElse("LABEL_" + label));
        }
        return new ClassLabels(names, activation(fields, count));
    }

    private static Activation activation(ConfigFields fields, int labels) throws IOException {
        Optional<String> problem = fields.string("problem_type");
        if (problem.isEmpty()) {
            return labels == 1 ? Activation.SIGMOID : Activation.SOFTMAX;
        }
        return switch (problem.get()) {
            // Softmax of one logit is always 1; Transformers' pipelines use the sigmoid too.
            case "single_label_classification" ->
                    labels == 1 ? Activation.SIGMOID : Activation.SOFTMAX;
            case "multi_label_classification" -> Activation.SIGMOID;
            case "regression" -> Activation.NONE;
            default ->
                    throw fields.unsupported(
                            "problem_type",
                            "single_label_classification, multi_label_classification or"
                                    + " regression");
        };
    }

    /**
     * Returns what the logits of a text mean, as many numbers.
     *
     * @param logits one for each label
     */
    public float[] apply(float[] logits) {
        float[] numbers = logits.clone();
        switch (activation) {
            case SOFTMAX -> {
                double largest = Double.NEGATIVE_INFINITY;
                for (float logit : logits) {
                    largest = Math.max(largest, logit);
                }
                double sum = 0;
                for (float logit : logits) {
                    sum += Math.exp(logit - largest);
                }
                for (int label = 0; label < numbers.length; label++) {
                    numbers[label] = (float) (Math.exp(logits[label] - largest) / sum);
                }
            }
            case SIGMOID -> {
                for (int label = 0; label < numbers.length; label++) {
                    numbers[label] = (float) (1 / (1 + Math.exp(-logits[label])));
                }
            }
            case NONE -> {}
        }
        return numbers;
    }

    /**
     * Returns the label with the largest number; the first of several.
     *
     * @param numbers one for each label
     */
    public String likeliest(float[] numbers) {
        int best = 0;
        for (int label = 1; label < numbers.length; label++) {
            if (numbers[label] > numbers[best]) {
                best = label;
            }
        }
        return names.get(best);
    }
}
