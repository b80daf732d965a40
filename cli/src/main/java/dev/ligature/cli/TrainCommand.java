package dev.ligature.cli;

import ai.djl.ndarray.NDManager;
import dev.ligature.Adapter;
import dev.ligature.Routing;
import dev.ligature.interop.ServingCompatibility;
import dev.ligature.models.training.TaskKind;
import dev.ligature.training.OptimizerKind;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains an adapter. */
@Command(
        name = "train",
        description = {
            "Trains an adapter of any model and writes it as PEFT does, with the numbers of each"
                    + " step in metrics.csv.",
            "Ctrl-C ends the training early and writes the adapter so far."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class TrainCommand implements Callable<Integer> {
    private static final int DEFAULT_STEPS = 100;

    private final Terminal terminal;
    private final StopSignal stop;

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

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Default: 100, or all of --token-ids.")
    private @Nullable Integer steps;

    @Option(
            names = "--learning-rate",
            defaultValue = "1e-3",
            paramLabel = "X",
            description = "Default: 1e-3.")
    private double learningRate;

    @Option(
            names = "--weight-decay",
            defaultValue = "0",
            paramLabel = "X",
            description = "Default: 0.")
    private double weightDecay;

    @Option(
            names = "--optimizer",
            defaultValue = "ADAMW",
            description = "${COMPLETION-CANDIDATES}. Default: ADAMW.")
    private OptimizerKind optimizer = OptimizerKind.ADAMW;

    @Option(
            names = "--max-grad-norm",
            paramLabel = "X",
            description = "Clip gradients to this global norm. Default: no clipping.")
    private @Nullable Double maxGradNorm;

    @Option(
            names = "--seed",
            defaultValue = "0",
            paramLabel = "N",
            description = "Random seed for initial factors, batch order and dropout. Default: 0.")
    private int seed;

    TrainCommand(Terminal terminal, StopSignal stop) {
        this.terminal = terminal;
        this.stop = stop;
    }

    @Override
    public Integer call() throws IOException {
        check();
        WorkDirectory.requireFree(output);
        try (LoadedModel loaded = LoadedModel.open(model, modelFiles)) {
            TaskKind task = dataOptions.task(loaded.base());
            loaded.manager().getEngine().setRandomSeed(seed); // of dropout
            Adapter adapter = adapterOptions.addTo(loaded.base(), LoadedModel.ADAPTER, model, seed);
            try (BatchSource batches = dataOptions.open(task, loaded, seed)) {
                return train(loaded, adapter, batches);
            }
        }
    }

    private int train(LoadedModel loaded, Adapter adapter, BatchSource batches) throws IOException {
        int last = lastStep(batches);
        try (WorkDirectory work = WorkDirectory.create(output)) {
            stop.defer();
            terminal.note(adapter.plan().report());
            String compatibility = "";
            long done = train(loaded, batches, last, work.path());
            if (done > 0) {
                Path whole = work.path().resolve("adapter");
                loaded.lora().save(LoadedModel.ADAPTER, whole);
                compatibility =
                        ServingCompatibility.ofSaved(adapter.plan(), loaded.lora().layout())
                                .report();
                Files.move(work.path().resolve(MetricsFile.NAME), whole.resolve(MetricsFile.NAME));
                work.publish(whole);
            }
            return finish(done, batches.report(), compatibility);
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
                        : "stopped after step " + done + "; the adapter so far is in " + output);
        return StopSignal.EXIT_CODE;
    }

    /** Returns how many steps were done. */
    private long train(LoadedModel loaded, BatchSource batches, int last, Path work)
            throws IOException {
        TrainingConfig.Builder config =
                TrainingConfig.builder()
                        .optOptimizer(optimizer)
                        .optLearningRate(learningRate)
                        .optWeightDecay(weightDecay);
        if (maxGradNorm != null) {
            config.optMaxGradNorm(maxGradNorm);
        }
        int step = 0;
        try (TrainingLoop loop =
                        TrainingLoop.over(
                                loaded.lora().routed(Routing.of(LoadedModel.ADAPTER)),
                                loaded.manager(),
                                config.build());
                MetricsFile file = new MetricsFile(work);
                Progress progress = new Progress(terminal, "train", last)) {
            while (step < last && !stop.isRaised()) {
                step++;
                try (NDManager scope = loaded.manager().newSubManager()) {
                    StepMetrics metrics = batches.step(loop, scope);
                    file.add(metrics);
                    progress.step(state(metrics, batches.items()));
                }
            }
        }
        return step;
    }

    private int lastStep(BatchSource batches) {
        int there = batches.steps().orElse(Integer.MAX_VALUE);
        if (steps != null && steps > there) {
            throw new BadInputException(
                    "--steps is "
                            + steps
                            + ", but "
                            + dataOptions.tokenIds()
                            + " has "
                            + there
                            + " batches.");
        }
        return steps != null ? steps : batches.steps().orElse(DEFAULT_STEPS);
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

    private void check() {
        adapterOptions.check();
        dataOptions.check();
        OptionChecks.atLeast("--steps", steps == null ? 1 : steps, 1);
        OptionChecks.positive("--learning-rate", learningRate);
        OptionChecks.positive("--max-grad-norm", maxGradNorm == null ? 1 : maxGradNorm);
        OptionChecks.notNegative("--weight-decay", weightDecay);
    }
}
