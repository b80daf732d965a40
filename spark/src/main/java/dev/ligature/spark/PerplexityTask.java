package dev.ligature.spark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import dev.ligature.Routing;
import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** How well a decoder foresees the tokens of texts. */
final class PerplexityTask implements TextTask {
    /** The most logits of a batch with more than one text: 256 MiB of them. */
    private static final int MOST_LOGITS = 1 << 26;

    private final PretrainedModel model;
    private final TextLimit limit;

    PerplexityTask(PretrainedModel model, TextLimit limit) {
        this.model = model;
        this.limit = limit;
    }

    @Override
    public long[] encode(String text) throws IOException {
        long[] ids = limit.encode(text, model.decoder().maxPositions());
        model.decoder().checkTokenIds(ids);
        return ids;
    }

    @Override
    public int batchTokens(int wanted) {
        return Math.max(1, Math.min(wanted, MOST_LOGITS / model.decoder().vocabulary()));
    }

    @Override
    public List<Object> compute(List<Input> inputs) {
        try (NDManager scope = model.manager().newSubManager()) {
            // A decoder looks at no token behind, so padding needs no mask.
            NDArray ids = PaddedIds.of(Input.ids(inputs), scope).get(0); // (B, T)
            NDArray logits =
                    model.lora()
                            .routed(Routing.rows(Input.adapters(inputs)))
                            .forward(new ParameterStore(scope, false), new NDList(ids), false)
                            .get(0); // (B, T, V)
            List<Object> results = new ArrayList<>();
            for (int row = 0; row < inputs.size(); row++) {
                results.add(
                        perplexity(logits.get(row), ids.get(row), inputs.get(row).ids().length));
            }
            return results;
        }
    }

    /** Returns e to the mean cross entropy of the tokens after the first; NaN without any. */
    private static double perplexity(NDArray logits, NDArray ids, int length) {
        if (length < 2) {
            return Double.NaN;
        }
        NDArray log =
                logits.get(new NDIndex("0:{}", length - 1))
                        .toType(DataType.FLOAT32, false)
                        .logSoftmax(-1); // (T − 1, V)
        NDArray next = ids.get(new NDIndex("1:{}", length)).expandDims(1); // (T − 1, 1)
        float[] chosen = log.gather(next, 1).toFloatArray();
        double sum = 0;
        for (float one : chosen) {
            sum -= one;
        }
        return Math.exp(sum / chosen.length);
    }
}
