package dev.ligature.benchmarks.serving;

import ai.djl.ndarray.NDManager;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.training.TaskKind;
import dev.ligature.models.training.TaskSettings;
import dev.ligature.models.training.TrainingData;
import dev.ligature.models.training.TrainingTask;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** An epoch of supervised fine-tuning: lines of JSONL are read, made tokens, padded and learnt. */
final class TuningCase implements ComparedCase {
    private final PretrainedModel model;
    private final TrainingLoop loop;
    private final Path lines;
    private final TrainingTask<?> task;
    private final TrainingData data;
    private final long batches;

    private TuningCase(Words words) throws IOException {
        model = PretrainedModel.load(words.path("base"));
        model.loadAdapter(
                "trained", words.path("adapter"), AdapterLoadOptions.defaults().trainable());
        loop =
                TrainingLoop.over(
                        model.lora().routed(Routing.of("trained")),
                        model.manager(),
                        TrainingConfig.builder().optLearningRate(1e-4).build());
        lines = words.path("lines");
        task = TaskKind.CAUSAL.on(model, new TaskSettings(words.number("tokens"), false, 1));
        data = TrainingData.lines(task, List.of(lines), words.number("batch"), 0);
        batches = data.batches(1);
    }

    static Case open(Words words) throws IOException {
        return new TuningCase(words);
    }

    @Override
    public long run() throws IOException {
        Stopwatch watch = Stopwatch.start();
        for (long batch = 0; batch < batches; batch++) {
            step(data);
        }
        return watch.nanos();
    }

    private double step(TrainingData from) throws IOException {
        try (NDManager scope = model.manager().newSubManager()) {
            return loop.step(from.next(scope)).loss();
        }
    }

    /** Returns the loss of a first step over all lines. */
    @Override
    public float[] numbers() throws IOException {
        int count = Files.readAllLines(lines).size();
        try (TrainingData all = TrainingData.lines(task, List.of(lines), count, 0)) {
            return new float[] {(float) step(all)};
        }
    }

    @Override
    public void close() {
        loop.close();
        model.close();
    }
}
