package dev.ligature.models.training;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.hint.Nearest;
import dev.ligature.internal.json.JsonFields;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.encoder.EncoderFields;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.text.DataLine;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The labels of a classifier, as its config.json names them.
 *
 * @param count how many there are
 * @param byName their numbers, by {@code label2id}, else {@code id2label}
 */
record Labels(int count, Map<String, Integer> byName) {
    private static final String SINGLE = "single_label_classification";

    /**
     * Reads the labels of a model.
     *
     * @throws IOException if config.json is wrong, or asks for a loss that is not the cross entropy
     */
    static Labels of(PretrainedModel model) throws IOException {
        ConfigFields fields = ConfigFields.ofModel(model.directory());
        int count = new EncoderFields(fields).labels();
        Optional<String> problem = fields.string("problem_type");
        if (count < 2 || !problem.orElse(SINGLE).equals(SINGLE)) {
            throw ModelMessage.CLASSIFIER.error(
                    model.directory(),
                    count < 2 ? "one label" : "the problem_type " + problem.orElseThrow());
        }
        Map<String, Integer> byName = new TreeMap<>();
        Optional<ConfigFields> numbers = fields.object("label2id");
        Optional<ConfigFields> names = fields.object("id2label");
        if (numbers.isPresent()) {
            for (String name : numbers.get().names()) {
                int number = numbers.get().required(name);
                if (number < 0 || number >= count) {
                    throw ModelMessage.FIELD_TYPE.fileError(
                            fields.origin(), "label2id." + name, number, "0 to " + (count - 1));
                }
                byName.put(name, number);
            }
        } else if (names.isPresent()) {
            for (int number = 0; number < count; number++) {
                Optional<String> name = names.get().string(String.valueOf(number));
                if (name.isPresent()) {
                    byName.put(name.get(), number);
                }
            }
        }
        return new Labels(count, byName);
    }

    /**
     * Returns the number of a label.
     *
     * @param value what a line says: a name, or a number
     * @param line the line
     */
    long of(@Nullable Object value, DataLine line) throws CheckpointException {
        if (value instanceof String name && byName.containsKey(name)) {
            return byName.get(name);
        }
        if (value instanceof BigDecimal number
                && number.stripTrailingZeros().scale() <= 0
                && number.signum() >= 0
                && number.compareTo(BigDecimal.valueOf(count)) < 0) {
            return number.longValueExact();
        }
        String names = byName.isEmpty() ? "" : ", or " + String.join(", ", byName.keySet());
        throw line.error(
                ModelMessage.LINE_LABEL,
                JsonFields.shown(value),
                "0 to " + (count - 1) + names,
                value instanceof String name ? Nearest.hint(name, byName.keySet()) : "");
    }
}
