package dev.ligature.spark;

import dev.ligature.Routing;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.RunningBatch;
import dev.ligature.models.generation.TextRow;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** How texts go on. */
final class GenerationTask implements TextTask {
    private final PretrainedModel model;
    private final TextLimit limit;
    private final GenerationOptions options;

    GenerationTask(PretrainedModel model, TextLimit limit, Settings settings) {
        this.model = model;
        this.limit = limit;
        this.options =
                GenerationOptions.greedy(settings.maxNewTokens())
                        .withTemperature(settings.temperature(), settings.seed())
                        .withStopIds(model.tokens().stops());
    }

    @Override
    public long[] encode(String text) throws IOException {
        long[] ids =
                limit.encode(
                        text, Math.max(1, model.decoder().maxPositions() - options.maxNewTokens()));
        model.decoder().checkTokenIds(ids);
        return ids;
    }

    @Override
    public List<Object> compute(List<Input> inputs) throws IOException {
        List<TextRow> rows =
                inputs.stream()
                        .map(
                                input ->
                                        new TextRow(
                                                input.ids(),
                                                input.adapter(),
                                                options.withSeed(options.seed() + input.place()),
                                                id -> {}))
                        .toList();
        try (RunningBatch batch =
                new RunningBatch(
                        adapters -> model.lora().routed(Routing.rows(adapters)),
                        model.decoder(),
                        model.manager())) {
            batch.join(rows);
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        List<Object> results = new ArrayList<>();
        for (TextRow row : rows) {
            results.add(model.tokenizer().continuation(row.prompt(), row.tokens()));
        }
        return results;
    }
}
