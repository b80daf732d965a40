package dev.ligature.cli;

import ai.djl.ndarray.types.Shape;
import dev.ligature.cli.report.Numbers;
import dev.ligature.models.training.TrainingData;
import dev.ligature.training.TrainingBatch;
import java.util.LinkedHashMap;
import java.util.Map;

/** Counts what a training reads. */
final class DataCounts {
    private long batches;
    private long rows;
    private long tokens;
    private long counted;
    private long longest;

    /** Adds a batch that is trained on. */
    void add(TrainingBatch batch) {
        Shape shape = batch.inputs().head().getShape(); // (B, T)
        batches++;
        rows += shape.get(0);
        tokens += shape.size();
        counted += batch.count();
        longest = Math.max(longest, shape.get(shape.dimension() - 1));
    }

    /** Returns the counts by what they are of. */
    Map<String, String> shown(TrainingData data) {
        Map<String, String> shown = new LinkedHashMap<>();
        data.counts().forEach((name, count) -> shown.put(name, Numbers.count(count)));
        shown.put("batches of an epoch", Numbers.count(data.batches(1)));
        shown.put("batches read", Numbers.count(batches));
        shown.put("texts read", Numbers.count(rows));
        shown.put("tokens read, with padding", Numbers.count(tokens));
        shown.put("longest text read, in tokens", Numbers.count(longest));
        shown.put(data.items() + " that counted", Numbers.count(counted));
        return shown;
    }
}
