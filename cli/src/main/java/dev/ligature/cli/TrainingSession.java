package dev.ligature.cli;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import dev.ligature.Routing;
import dev.ligature.models.evaluation.Evaluation;
import dev.ligature.models.evaluation.EvaluationData;
import dev.ligature.models.run.BestSoFar;
import dev.ligature.models.run.CheckpointFolder;
import dev.ligature.models.run.RunSettings;
import dev.ligature.models.run.RunState;
import dev.ligature.models.training.TrainingData;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TrainingBatch;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The steps of a training, with an evaluation and a checkpoint now and then. */
final class TrainingSession {
    private final LoadedModel loaded;
    private final TrainingData data;
    private final int accumulation;
    private final Terminal terminal;
    private final StopSignal stop;
    private final EvaluationOptions evaluation;
    private final @Nullable EvaluationData heldOut;
    private final Block block;
    private @Nullable CheckpointOptions options;
    private @Nullable CheckpointFolder folder;
    private @Nullable RunSettings settings;

    TrainingSession(
            LoadedModel loaded,
            TrainingDataOptions.Data data,
            EvaluationOptions evaluation,
            int accumulation,
            Terminal terminal,
            StopSignal stop) {
        this.loaded = loaded;
        this.data = data.training();
        this.heldOut = data.heldOut();
        this.evaluation = evaluation;
        this.block = loaded.lora().routed(Routing.of(LoadedModel.ADAPTER));
        this.accumulation = accumulation;
        this.terminal = terminal;
        this.stop = stop;
    }

    /** Writes checkpoints on the way. */
    void write(CheckpointOptions options, CheckpointFolder folder, RunSettings settings) {
        this.options = options;
        this.folder = folder;
        this.settings = settings;
    }

    /**
     * Trains.
     *
     * @param config the settings of the steps
     * @param last the last step
     * @param work where the tables of the steps are written
     * @param checkpoint what is gone on from; null to begin
     * @return how many steps were done
     */
    long run(TrainingConfig config, int last, Path work, @Nullable Path checkpoint)
            throws IOException {
        NDManager manager = loaded.manager();
        if (checkpoint != null) {
            for (String table : List.of(MetricsFile.NAME, EvaluationFile.NAME)) {
                if (Files.exists(checkpoint.resolve(table))) {
                    Files.copy(checkpoint.resolve(table), work.resolve(table));
                }
            }
        }
        try (TrainingLoop loop = TrainingLoop.over(block, manager, config);
                BestSoFar best = new BestSoFar(manager);
                MetricsFile file = new MetricsFile(work)) {
            if (checkpoint != null) {
                RunState.restore(checkpoint, loop, manager);
                best.read(checkpoint);
                data.seek(loop.steps() * accumulation);
                terminal.note("going on after step " + loop.steps());
            }
            long measured = steps(loop, best, file, last, work);
            boolean paused = stop.isRaised() && options != null && options.isAsked();
            if (paused && loop.steps() > 0) {
                checkpoint(loop, best, work);
            }
            long done = loop.steps();
            if (!paused && heldOut != null && done > 0) {
                if (measured < done && !stop.isRaised()) {
                    measure(loop, best, work);
                }
                keep(loop, best);
            }
            return done;
        }
    }

    /** Takes the steps, and returns after which one the last evaluation was. */
    private long steps(TrainingLoop loop, BestSoFar best, MetricsFile file, int last, Path work)
            throws IOException {
        // A checkpoint is written after the evaluation of its step.
        long measured = evaluation.isDue(loop.steps()) ? loop.steps() : 0;
        try (Progress progress = new Progress(terminal, "train", last, loop.steps())) {
            while (loop.steps() < last && !stop.isRaised() && !evaluation.isOver(best.since())) {
                StepMetrics metrics = step(loop);
                file.add(metrics);
                progress.step(state(metrics, data.items()));
                if (heldOut != null && evaluation.isDue(loop.steps())) {
                    measure(loop, best, work);
                    measured = loop.steps();
                }
                if (options != null && options.isDue(loop.steps())) {
                    checkpoint(loop, best, work);
                }
            }
        }
        if (evaluation.isOver(best.since())) {
            terminal.note(
                    "ended early: "
                            + best.since()
                            + " evaluations without a lower loss than that after step "
                            + best.step());
            return loop.steps();
        }
        return measured;
    }

    private void measure(TrainingLoop loop, BestSoFar best, Path work) throws IOException {
        if (heldOut == null) {
            return;
        }
        Evaluation found = Evaluation.of(block, heldOut, loaded.manager());
        best.add(found.loss(), loop);
        EvaluationFile.add(work, loop.steps(), found);
        terminal.note("step " + loop.steps() + ": " + EvaluationFile.line(found));
    }

    /** Brings back the best parameters, if they are to be written and are not the last ones. */
    private void keep(TrainingLoop loop, BestSoFar best) {
        if (evaluation.keepsBest() && best.isThere() && best.step() < loop.steps()) {
            best.restore(loop);
            terminal.note(
                    String.format(
                            Locale.ROOT,
                            "the adapter is that after step %d, with the least loss, %.4f",
                            best.step(),
                            best.loss()));
        }
    }

    private StepMetrics step(TrainingLoop loop) throws IOException {
        try (NDManager scope = loaded.manager().newSubManager()) {
            TrainingBatch[] micro = new TrainingBatch[accumulation];
            for (int i = 0; i < micro.length; i++) {
                micro[i] = data.next(scope);
            }
            return loop.step(micro);
        }
    }

    private void checkpoint(TrainingLoop loop, BestSoFar best, Path work) throws IOException {
        if (folder == null || settings == null) {
            return;
        }
        RunState state = new RunState(loop.steps(), settings);
        List<Path> tables =
                List.of(work.resolve(MetricsFile.NAME), work.resolve(EvaluationFile.NAME));
        folder.write(
                loop.steps(),
                directory -> {
                    loaded.lora().save(LoadedModel.ADAPTER, directory);
                    best.write(directory);
                    state.write(directory, loop, tables, loaded.manager());
                });
    }

    /** Returns what a progress display says of a step. */
    static String state(StepMetrics metrics, String items) {
        return String.format(
                Locale.ROOT,
                "loss %.3f, %.0f %s/s",
                metrics.loss(),
                metrics.tokensPerSecond(),
                items);
    }
}
