package dev.ligature.spark;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import dev.ligature.Routing;
import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.RowFactory;

/** The labels of texts. */
final class ClassificationTask implements TextTask {
    private final PretrainedModel model;
    private final TextLimit limit;
    private final List<String> labels;
    private final int most;

    ClassificationTask(PretrainedModel model, TextLimit limit) throws IOException {
        this.model = model;
        this.limit = limit;
        this.labels = ModelFacts.labels(model);
        this.most = ModelFacts.maxTokens(model);
    }

    @Override
    public long[] encode(String text) throws IOException {
        return limit.encode(text, most);
    }

    @Override
    public List<Object> compute(List<Input> inputs) {
        try (NDManager scope = model.manager().newSubManager()) {
            NDList padded = PaddedIds.of(Input.ids(inputs), scope); // (B, T)
            float[] all =
                    model.lora()
                            .routed(Routing.rows(Input.adapters(inputs)))
                            .forward(new ParameterStore(scope, false), padded, false)
                            .get(0) // (B, labels)
                            .toType(DataType.FLOAT32, false)
                            .softmax(-1)
                            .toFloatArray();
            List<Object> results = new ArrayList<>();
            for (int row = 0; row < inputs.size(); row++) {
                int from = row * labels.size();
                results.add(result(Arrays.copyOfRange(all, from, from + labels.size())));
            }
            return results;
        }
    }

    private Object result(float[] probabilities) {
        int best = 0;
        for (int label = 1; label < probabilities.length; label++) {
            if (probabilities[label] > probabilities[best]) {
                best = label;
            }
        }
        return RowFactory.create(labels.get(best), probabilities[best], probabilities);
    }
}
