package dev.ligature.spark;

import dev.ligature.models.ModelTask;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.block.ConfigFields;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What a model's config.json says to tasks. */
final class ModelFacts {
    private static final String SINGLE = "single_label_classification";

    private ModelFacts() {}

    /** Returns the most tokens of a text. */
    static int maxTokens(PretrainedModel model) throws IOException {
        return model.task() == ModelTask.CAUSAL_LM
                ? model.decoder().maxPositions()
                : ConfigFields.ofModel(model.directory())
                        .integer("max_position_embeddings")
                        .orElse(Integer.MAX_VALUE); // the model itself refuses what is too long
    }

    /**
     * Returns the names of a classifier's labels, as {@code id2label} has them; {@code LABEL_0} and
     * so on without it, as in Transformers.
     *
     * @throws dev.ligature.LoraException if texts do not have one label of several
     */
    static List<String> labels(PretrainedModel model) throws IOException {
        ConfigFields fields = ConfigFields.ofModel(model.directory());
        Optional<ConfigFields> names = fields.object("id2label");
        int count = 0;
        if (names.isPresent()) {
            for (String ignored : names.get().names()) {
                count++;
            }
        } else {
            count = fields.integer("num_labels").orElse(2);
        }
        String problem = fields.string("problem_type").orElse(SINGLE);
        if (count < 2 || !problem.equals(SINGLE)) {
            throw SparkMessage.LABELS.error(
                    model.directory(), count < 2 ? "one label" : "the problem_type " + problem);
        }
        List<String> labels = new ArrayList<>();
        for (int label = 0; label < count; label++) {
            String absent = "LABEL_" + label;
            labels.add(
                    names.isEmpty()
                            ? absent
                            : names.get().string(String.valueOf(label)).orElse(absent));
        }
        return labels;
    }
}
