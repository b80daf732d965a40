package dev.ligature.cli;

import dev.ligature.Adapter;
import dev.ligature.cli.report.RunFiles;
import dev.ligature.cli.report.TrainingReport;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.run.Checkpoint;
import dev.ligature.models.run.CheckpointFolder;
import dev.ligature.models.run.RunSettings;
import dev.ligature.models.training.TaskKind;
import dev.ligature.models.training.TensorFile;
import dev.ligature.models.training.TrainingData;
import dev.ligature.models.training.TrainingReplica;
import dev.ligature.plan.LoraPlan;
import dev.ligature.training.GradientExchange;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Trains an adapter. */
@Command(
        name = "train",
        description = {
            "Trains an adapter of any model and writes it as PEFT does, with the numbers of each"
                    + " step in metrics.csv.",
            "Ctrl-C ends the training early and writes the adapter so far, or a checkpoint."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
    private final Terminal terminal;
    private final StopSignal stop;
    private final @Nullable ExchangeSource exchanges;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description =
                    "The base model: a Hugging Face directory, or its folder in the hub's cache.")
    private Path model = Path.of("");

    @Option(
            names = "--output",
            required = true,
            paramLabel = "DIR",
            description = "The adapter directory to write; must not exist.")
    private Path output = Path.of("");

    @Mixin private TrainingDataOptions dataOptions = new TrainingDataOptions();

    @Mixin private ModelFileOptions modelFiles = new ModelFileOptions();

    @Mixin private AdapterOptions adapterOptions = new AdapterOptions();

    @Mixin private StepOptions stepOptions = new StepOptions();

    @Mixin private EvaluationOptions evaluationOptions = new EvaluationOptions();

    @Mixin private CheckpointOptions checkpointOptions = new CheckpointOptions();

    @Mixin private ReportOptions reportOptions = new ReportOptions();

    @Spec private CommandSpec spec = CommandSpec.create();

    TrainCommand(Terminal terminal, StopSignal stop) {
        this(terminal, stop, null);
    }

    /** Creates it for a training whose gradients are computed elsewhere. */
    TrainCommand(Terminal terminal, StopSignal stop, @Nullable ExchangeSource exchanges) {
        this.terminal = terminal;
        this.stop = stop;
        this.exchanges = exchanges;
    }

    @Override
    public Integer call() throws IOException {
        check();
        Checkpoint checkpoint = checkpointOptions.checkpoint(terminal);
        if (checkpoint != null) {
            RunOptions.useOperatorsOf(checkpoint.state().settings());
        }
        // Null where no checkpoints are asked for.
        try (CheckpointFolder folder = checkpointOptions.open(output, checkpoint);
                LoadedModel loaded = LoadedModel.open(model, modelFiles)) {
            RunSettings settings =
                    folder == null
                            ? new RunSettings(Map.of())
                            : RunOptions.of(spec, withoutEffect(), loaded);
            if (checkpoint != null) {
                settings.requireSame(checkpoint.state().settings(), checkpoint.path());
            }
            TaskKind task = dataOptions.task(loaded.base());
            int seed = stepOptions.seed();
            Adapter adapter = adapterOptions.addTo(loaded.base(), LoadedModel.ADAPTER, model, seed);
            TrainingDataOptions.Data parts =
                    dataOptions.open(task, loaded, seed, evaluationOptions);
            try (TrainingData data = parts.training();
                    GradientExchange exchange = exchanges == null ? null : exchanges.open()) {
                int last = lastStep(data, checkpoint);
                ReportFile report =
                        new ReportFile(loaded, adapter, data, terminal, RunOptions.given(spec));
                TrainingSession session =
                        new TrainingSession(
                                loaded, parts, evaluationOptions, terminal, stop, report);
                session.computeBy(exchange);
                if (folder != null) {
                    session.write(checkpointOptions, folder, settings);
                }
                report.choosePrompts(reportOptions.samples());
                return train(session, report, adapter.plan(), last, checkpoint);
            }
        }
    }

    /** Returns a copy of what is trained, for gradients of its batches. */
    TrainingReplica replica() throws IOException {
        LoadedModel loaded = LoadedModel.open(model, modelFiles);
        try {
            PretrainedModel base = loaded.base();
            adapterOptions.addTo(base, LoadedModel.ADAPTER, model, stepOptions.seed());
            return new TrainingReplica(
                    base, LoadedModel.ADAPTER, dataOptions.taskOf(base), stepOptions.memory());
        } catch (IOException | RuntimeException | Error e) {
            loaded.close();
            throw e;
        }
    }

    /** Returns the options whose values may be others when a training goes on. */
    private Set<String> withoutEffect() {
        Set<String> names = new HashSet<>(CheckpointOptions.WITHOUT_EFFECT);
        names.addAll(ReportOptions.WITHOUT_EFFECT);
        if (!stepOptions.followsFromLength()) {
            names.addAll(Set.of("--steps", "--epochs"));
        }
        return names;
    }

    private int lastStep(TrainingData data, @Nullable Checkpoint checkpoint) {
        OptionalInt there =
                data instanceof TensorFile file
                        ? OptionalInt.of(file.steps())
                        : OptionalInt.empty();
        int last = stepOptions.steps(data, there, String.valueOf(dataOptions.tokenIds()));
        if (checkpoint != null && checkpoint.state().step() > last) {
            throw new BadInputException(
                    "--resume "
                            + checkpoint.path()
                            + " is after step "
                            + checkpoint.state().step()
                            + ", and the training ends with step "
                            + last
                            + ". Give more --steps, or an earlier checkpoint.");
        }
        return last;
    }

    private int train(
            TrainingSession session,
            ReportFile report,
            LoraPlan plan,
            int last,
            @Nullable Checkpoint checkpoint)
            throws IOException {
        try (WorkDirectory work = WorkDirectory.create(output)) {
            stop.defer();
            if (!adapterOptions.replaced().isEmpty()) {
                terminal.note(adapterOptions.replaced());
            }
            terminal.note(plan.report());
            long done = session.run(stepOptions.config(plan, last), last, work.path(), checkpoint);
            String compatibility = "";
            boolean paused = stop.isRaised() && checkpointOptions.isAsked();
            if (done > 0 && !paused) {
                Path whole = work.path().resolve("adapter");
                session.save(work.path(), whole);
                report.writeOptions(whole.resolve(RunFiles.TRAINING));
                compatibility = report.servers().report();
                String state = (done < last ? "Ended after step " : "Finished after step ") + done;
                report.write(whole, whole.resolve(TrainingReport.NAME), state, !stop.isRaised());
                work.publish(whole);
            }
            return finish(done, session.report(), compatibility);
        }
    }

    private int finish(long done, String... reports) {
        for (String report : reports) {
            if (!report.isEmpty()) {
                terminal.note(report.strip());
            }
        }
        if (!stop.isRaised()) {
            terminal.note("adapter written to " + output);
            return 0;
        }
        terminal.note(
                done == 0
                        ? "stopped before the first step; nothing was written"
                        : "stopped after step " + done + "; " + whereTo());
        return StopSignal.EXIT_CODE;
    }

    private String whereTo() {
        return checkpointOptions.isAsked()
                ? "go on with --resume " + CheckpointOptions.folder(output)
                : "the adapter so far is in " + output;
    }

    private void check() {
        adapterOptions.check();
        dataOptions.check();
        evaluationOptions.check(dataOptions.tokenIds() != null);
        checkpointOptions.check();
        stepOptions.check(dataOptions.tokenIds() != null);
        reportOptions.check();
    }
}
