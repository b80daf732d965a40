package dev.ligature.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.Adapter;
import dev.ligature.Routing;
import dev.ligature.interop.ServingCompatibility;
import dev.ligature.models.text.DocumentReader;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.training.BatchSampler;
import dev.ligature.training.OptimizerKind;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains an adapter. */
@Command(
        name = "train",
        description = {
            "Trains an adapter and writes it as PEFT does, with the numbers of each step in"
                    + " metrics.csv.",
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

    @ArgGroup(multiplicity = "1")
    private Source source = new Source();

    @Option(
            names = "--strip-headers",
            description = "Leave out a block comment that a document begins with: the licence.")
    private boolean stripHeaders;

    @Mixin private ModelFileOptions modelFiles = new ModelFileOptions();

    @Mixin private AdapterOptions adapterOptions = new AdapterOptions();

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Default: 100, or all of --token-ids.")
    private @Nullable Integer steps;

    @Option(names = "--batch-size", paramLabel = "N", description = "Default: 8.")
    private @Nullable Integer batchSize;

    @Option(
            names = "--sequence-length",
            paramLabel = "N",
            description = "Tokens in a row. Default: 128.")
    private @Nullable Integer sequenceLength;

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

    /** One of the two ways to say what is trained on. */
    static final class Source {
        @Option(
                names = "--data",
                required = true,
                arity = "1..*",
                paramLabel = "FILE",
                description =
                        "Text: files in UTF-8, JSONL (the field text of each line), folders, jar or"
                                + " zip archives; 'a.jar!/x/*.kt' is the entries of an archive that"
                                + " start with x/ and end in .kt.")
        @Nullable List<String> data;

        @Option(
                names = "--token-ids",
                required = true,
                paramLabel = "F",
                description =
                        "A safetensors file; its tensor batches (steps, B, T) is run in order.")
        @Nullable Path tokenIds;
    }

    TrainCommand(Terminal terminal, StopSignal stop) {
        this.terminal = terminal;
        this.stop = stop;
    }

    @Override
    public Integer call() throws IOException {
        check();
        WorkDirectory.requireFree(output);
        try (LoadedModel loaded = LoadedModel.open(model, modelFiles)) {
            loaded.base().decoder(); // the loss is of the next token, so else it is an error
            loaded.manager().getEngine().setRandomSeed(seed); // of dropout
            Adapter adapter = adapterOptions.addTo(loaded.base(), LoadedModel.ADAPTER, model, seed);
            BatchSource batches = batches(loaded);
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
                    Files.move(
                            work.path().resolve(MetricsFile.NAME), whole.resolve(MetricsFile.NAME));
                    work.publish(whole);
                }
                return finish(done, compatibility);
            }
        }
    }

    private int finish(long done, String compatibility) {
        if (!compatibility.isEmpty()) {
            terminal.note(compatibility.strip());
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
                    NDArray batch = batches.batch(step, scope); // (B, T)
                    StepMetrics metrics = loop.step(batch);
                    file.add(metrics);
                    progress.step(state(metrics));
                }
            }
        }
        return step;
    }

    private BatchSource batches(LoadedModel loaded) throws IOException {
        if (source.tokenIds != null) {
            return TokenIdBatches.read(source.tokenIds, loaded.vocabulary(), loaded.manager());
        }
        List<String> data = source.data == null ? List.of() : source.data;
        int length = sequenceLength == null ? 128 : sequenceLength;
        int rows = batchSize == null ? 8 : batchSize;
        TextTokenizer tokenizer = loaded.tokenizer();
        Corpus.Cut cut =
                new Corpus.Cut(loaded.vocabulary(), loaded.endOfText(), length, 0, 0, rows);
        Corpus corpus =
                Corpus.of(
                        new DocumentReader(stripHeaders).read(data),
                        tokenizer,
                        cut,
                        loaded.manager());
        BatchSampler sampler = new BatchSampler(corpus.training(), rows, seed);
        return (step, manager) -> sampler.next(manager);
    }

    private int lastStep(BatchSource batches) {
        if (batches instanceof TokenIdBatches file) {
            if (steps != null && steps > file.steps()) {
                throw new BadInputException(
                        "--steps is "
                                + steps
                                + ", but "
                                + source.tokenIds
                                + " has "
                                + file.steps()
                                + " batches.");
            }
            return steps == null ? file.steps() : steps;
        }
        return steps == null ? 100 : steps;
    }

    /** Returns what a progress display says of a step. */
    static String state(StepMetrics metrics) {
        return String.format(
                Locale.ROOT, "loss %.3f, %.0f tokens/s", metrics.loss(), metrics.tokensPerSecond());
    }

    private void check() {
        adapterOptions.check();
        if (source.tokenIds != null && (batchSize != null || sequenceLength != null)) {
            throw new BadInputException(
                    "--token-ids prescribes the batches, so --batch-size and --sequence-length"
                            + " have no say: leave them out.");
        }
        OptionChecks.atLeast("--steps", steps == null ? 1 : steps, 1);
        OptionChecks.atLeast("--batch-size", batchSize == null ? 1 : batchSize, 1);
        OptionChecks.atLeast("--sequence-length", sequenceLength == null ? 2 : sequenceLength, 2);
        OptionChecks.positive("--learning-rate", learningRate);
        OptionChecks.positive("--max-grad-norm", maxGradNorm == null ? 1 : maxGradNorm);
        OptionChecks.notNegative("--weight-decay", weightDecay);
    }
}
