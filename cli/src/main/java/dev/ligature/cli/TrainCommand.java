package dev.ligature.cli;

import ai.djl.ndarray.NDManager;
import dev.ligature.Adapter;
import dev.ligature.Routing;
import dev.ligature.interop.ServingCompatibility;
import dev.ligature.models.training.TaskKind;
import dev.ligature.models.training.TensorFile;
import dev.ligature.models.training.TrainingData;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TrainingBatch;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
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

    @Mixin private StepOptions stepOptions = new StepOptions();

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
            int seed = stepOptions.seed();
            Adapter adapter = adapterOptions.addTo(loaded.base(), LoadedModel.ADAPTER, model, seed);
            try (TrainingData batches = dataOptions.open(task, loaded, seed)) {
                return train(loaded, adapter, batches);
            }
        }
    }

    private int train(LoadedModel loaded, Adapter adapter, TrainingData batches)
            throws IOException {
        OptionalInt there =
                batches instanceof TensorFile file
                        ? OptionalInt.of(file.steps())
                        : OptionalInt.empty();
        int last = stepOptions.steps(batches, there, String.valueOf(dataOptions.tokenIds()));
        try (WorkDirectory work = WorkDirectory.create(output)) {
            stop.defer();
            terminal.note(adapter.plan().report());
            String compatibility = "";
            TrainingConfig config = stepOptions.config(adapter.plan(), last);
            long done = train(loaded, batches, config, last, work.path());
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
    private long train(
            LoadedModel loaded, TrainingData batches, TrainingConfig config, int last, Path work)
            throws IOException {
        int step = 0;
        try (TrainingLoop loop =
                        TrainingLoop.over(
                                loaded.lora().routed(Routing.of(LoadedModel.ADAPTER)),
                                loaded.manager(),
                                config);
                MetricsFile file = new MetricsFile(work);
                Progress progress = new Progress(terminal, "train", last)) {
            while (step < last && !stop.isRaised()) {
                step++;
                try (NDManager scope = loaded.manager().newSubManager()) {
                    TrainingBatch[] micro = new TrainingBatch[stepOptions.accumulation()];
                    for (int i = 0; i < micro.length; i++) {
                        micro[i] = batches.next(scope);
                    }
                    StepMetrics metrics = loop.step(micro);
                    file.add(metrics);
                    progress.step(state(metrics, batches.items()));
                }
            }
        }
        return step;
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
        stepOptions.check(dataOptions.tokenIds() != null);
    }
}
