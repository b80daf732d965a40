package dev.ligature.cli;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import dev.ligature.Routing;
import dev.ligature.cli.report.TrainingReport;
import dev.ligature.models.evaluation.Evaluation;
import dev.ligature.models.evaluation.EvaluationData;
import dev.ligature.models.run.BestSoFar;
import dev.ligature.models.run.Checkpoint;
import dev.ligature.models.run.CheckpointFolder;
import dev.ligature.models.run.RunSettings;
import dev.ligature.models.run.RunState;
import dev.ligature.models.training.TrainingData;
import dev.ligature.training.GradientExchange;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TrainingBatch;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The steps of a training, with an evaluation and a checkpoint now and then. */
final class TrainingSession {
    private static final List<String> TABLES = List.of(MetricsFile.NAME, EvaluationFile.NAME);

    private final LoadedModel loaded;
    private final TrainingData data;
    private final Terminal terminal;
    private final StopSignal stop;
    private final EvaluationOptions evaluation;
    private final @Nullable EvaluationData heldOut;
    private final Block block;
    private final ReportFile report;
    private @Nullable GradientExchange exchange;
    private @Nullable CheckpointOptions options;
    private @Nullable CheckpointFolder folder;
    private @Nullable RunSettings settings;

    /**
     * What is under way.
     *
     * @param loop takes the steps
     * @param best the best parameters so far
     * @param work where the tables of the steps are
     * @param last the last step
     * @param accumulation batches of a step
     */
    private record Run(TrainingLoop loop, BestSoFar best, Path work, int last, int accumulation) {}

    TrainingSession(
            LoadedModel loaded,
            TrainingDataOptions.Data data,
            EvaluationOptions evaluation,
            Terminal terminal,
            StopSignal stop,
            ReportFile report) {
        this.loaded = loaded;
        this.report = report;
        this.data = data.training();
        this.heldOut = data.heldOut();
        this.evaluation = evaluation;
        this.block = loaded.lora().routed(Routing.of(LoadedModel.ADAPTER));
        this.terminal = terminal;
        this.stop = stop;
    }

    /** Has gradients computed elsewhere; null: here. */
    void computeBy(@Nullable GradientExchange exchange) {
        this.exchange = exchange;
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
    long run(TrainingConfig config, int last, Path work, @Nullable Checkpoint checkpoint)
            throws IOException {
        NDManager manager = loaded.manager();
        if (checkpoint != null) {
            for (String table : TABLES) {
                Path begun = checkpoint.path().resolve(table);
                if (Files.exists(begun)) {
                    Files.copy(begun, work.resolve(table));
                }
            }
        }
        try (TrainingLoop loop =
                        exchange == null
                                ? TrainingLoop.over(block, manager, config)
                                : TrainingLoop.over(block, manager, config, exchange);
                BestSoFar best = new BestSoFar(manager);
                MetricsFile file = new MetricsFile(work)) {
            if (checkpoint != null) {
                RunState.restore(checkpoint.path(), loop, manager);
                best.read(checkpoint.path());
                terminal.note("going on after step " + loop.steps());
            }
            data.seek(loop.steps() * config.accumulationSteps());
            Run run = new Run(loop, best, work, last, config.accumulationSteps());
            long measured = steps(run, file);
            boolean paused = stop.isRaised() && options != null && options.isAsked();
            if (paused && loop.steps() > 0) {
                checkpoint(run);
            }
            long done = loop.steps();
            if (!paused && heldOut != null && done > 0) {
                if (measured < done && !stop.isRaised()) {
                    measure(run);
                }
                keep(loop, best);
            }
            return done;
        }
    }

    /** Takes the steps, and returns after which one the last evaluation was. */
    private long steps(Run run, MetricsFile file) throws IOException {
        TrainingLoop loop = run.loop;
        BestSoFar best = run.best;
        long measured = EvaluationFile.lastStep(run.work);
        if (heldOut != null && evaluation.isDue(loop.steps()) && measured < loop.steps()) {
            // The checkpoint was written when the evaluation of its step was stopped.
            measured = measure(run) ? loop.steps() : measured;
        }
        try (Progress progress = new Progress(terminal, "train", run.last, loop.steps())) {
            while (loop.steps() < run.last
                    && !stop.isRaised()
                    && !evaluation.isOver(best.since())) {
                StepMetrics metrics;
                try {
                    metrics = step(run);
                } catch (RuntimeException e) {
                    if (exchange != null && stop.isRaised()) {
                        break; // the signal reaches those who compute too; the step was not taken
                    }
                    throw e;
                }
                file.add(metrics);
                progress.step(state(metrics, data.items()));
                if (heldOut != null && evaluation.isDue(loop.steps()) && measure(run)) {
                    measured = loop.steps();
                }
                if (options != null && options.isDue(loop.steps())) {
                    checkpoint(run);
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

    /** Measures the model, and returns whether it came to the end, not to a signal to stop. */
    private boolean measure(Run run) throws IOException {
        if (heldOut == null) {
            return false;
        }
        Optional<Evaluation> found =
                Evaluation.of(block, heldOut, loaded.manager(), stop::isRaised);
        if (found.isPresent()) {
            run.best.add(found.get().loss(), run.loop);
            EvaluationFile.add(run.work, run.loop.steps(), found.get());
            terminal.note("step " + run.loop.steps() + ": " + EvaluationFile.line(found.get()));
        }
        return found.isPresent();
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

    private StepMetrics step(Run run) throws IOException {
        try (NDManager scope = loaded.manager().newSubManager()) {
            TrainingBatch[] micro = new TrainingBatch[run.accumulation];
            for (int i = 0; i < micro.length; i++) {
                micro[i] = data.next(scope);
                report.counts().add(micro[i]);
            }
            return run.loop.step(micro);
        }
    }

    private void checkpoint(Run run) throws IOException {
        if (folder == null || settings == null) {
            return;
        }
        RunState state = new RunState(run.loop.steps(), settings);
        List<Path> tables = TABLES.stream().map(run.work::resolve).toList();
        folder.write(
                run.loop.steps(),
                directory -> {
                    loaded.lora().save(LoadedModel.ADAPTER, directory);
                    run.best.write(directory);
                    state.write(directory, run.loop, tables, loaded.manager());
                });
        report.write(
                run.work,
                folder.path().resolve(TrainingReport.NAME),
                "Checkpoint after step " + run.loop.steps(),
                false);
    }

    /**
     * Writes the adapter as PEFT does, and moves the tables of the steps to it.
     *
     * @param work where the tables are
     * @param adapter the folder of the adapter
     */
    void save(Path work, Path adapter) throws IOException {
        loaded.lora().save(LoadedModel.ADAPTER, adapter);
        for (String table : TABLES) {
            if (Files.exists(work.resolve(table))) {
                Files.move(work.resolve(table), adapter.resolve(table));
            }
        }
    }

    /** Returns what is to be said of the data; may be empty. */
    String report() {
        return data.report();
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
