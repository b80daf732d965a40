package dev.ligature.cli;

import ai.djl.ndarray.NDManager;
import ai.djl.training.tracker.Tracker;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.llama.LlamaCheckpoint;
import dev.ligature.models.llama.LlamaConfig;
import dev.ligature.models.llama.LlamaForCausalLM;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.models.text.TokenizerFile;
import dev.ligature.training.BatchSampler;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import dev.ligature.training.schedule.LearningRateSchedule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains a base model from scratch. */
@Command(
        name = "pretrain",
        description = {
            "Trains a Llama model from scratch and writes a Hugging Face directory.",
            "Ctrl-C, and the time limit, end the training early and write the model so far."
        },
        sortOptions = false,
        mixinStandardHelpOptions = true)
final class PretrainCommand implements Callable<Integer> {
    /** The learning rate falls to this part of itself. */
    private static final double FLOOR = 0.1;

    private final Terminal terminal;
    private final StopSignal stop;

    @Option(
            names = "--tokenizer",
            required = true,
            paramLabel = "F",
            description = "The tokenizer.json; a tokenizer_config.json beside it is copied too.")
    private Path tokenizerFile = Path.of("");

    @Option(
            names = "--output",
            required = true,
            paramLabel = "DIR",
            description = "The directory to write; must not exist.")
    private Path output = Path.of("");

    @Mixin private TextOptions text = new TextOptions();
    @Mixin private SizeOptions size = new SizeOptions();

    @Option(
            names = "--end-of-text",
            defaultValue = "<|endoftext|>",
            paramLabel = "TOKEN",
            description = "The token that follows each document. Default: ${DEFAULT-VALUE}.")
    private String endOfText = "";

    @Option(
            names = "--held-out-every",
            defaultValue = "20",
            paramLabel = "N",
            description = "Keep one document in N to measure on; 0 is none. Default: 20.")
    private int heldOutEvery;

    @Option(
            names = "--steps",
            defaultValue = "4000",
            paramLabel = "N",
            description = "Default: 4000.")
    private int steps;

    @Option(
            names = "--time-limit",
            paramLabel = "MINUTES",
            description = "Ends earlier; the learning rate falls in time.")
    private @Nullable Double timeLimit;

    @Option(
            names = "--batch-size",
            defaultValue = "4",
            paramLabel = "N",
            description = "Default: 4.")
    private int batchSize;

    @Option(
            names = "--sequence-length",
            defaultValue = "256",
            paramLabel = "N",
            description = "Default: 256.")
    private int sequenceLength;

    @Option(
            names = "--learning-rate",
            defaultValue = "3e-3",
            paramLabel = "X",
            description = "The greatest one; falls to a tenth as a cosine. Default: 3e-3.")
    private double learningRate;

    @Option(
            names = "--warmup-steps",
            defaultValue = "100",
            paramLabel = "N",
            description = "Default: 100.")
    private int warmupSteps;

    @Option(
            names = "--weight-decay",
            defaultValue = "0.05",
            paramLabel = "X",
            description = "Default: 0.05.")
    private double weightDecay;

    @Option(
            names = "--max-grad-norm",
            defaultValue = "1",
            paramLabel = "X",
            description = "Default: 1.")
    private double maxGradNorm;

    @Option(names = "--seed", defaultValue = "0", paramLabel = "N", description = "Default: 0.")
    private int seed;

    @Option(
            names = "--dtype",
            defaultValue = "float32",
            paramLabel = "TYPE",
            converter = FileType.Converter.class,
            description = "Of the written weights: float32, float16 or bfloat16. Default: float32.")
    private FileType dtype = FileType.FLOAT32;

    @Option(
            names = "--save-every",
            defaultValue = "1000",
            paramLabel = "STEPS",
            description = "Measure, and save to DIR.partial; 0 is never. Default: 1000.")
    private int saveEvery;

    PretrainCommand(Terminal terminal, StopSignal stop) {
        this.terminal = terminal;
        this.stop = stop;
    }

    @Override
    public Integer call() throws IOException {
        check();
        WorkDirectory.requireFree(output);
        TokenizerFile vocabulary = TokenizerFile.read(tokenizerFile);
        int end = vocabulary.addedToken(endOfText).orElseThrow(() -> unknownEndOfText(vocabulary));
        Integer pad = vocabulary.addedTokens().get("<|pad|>");
        SpecialTokens special = new SpecialTokens(end, pad, List.of(end));
        LlamaConfig config = size.config(vocabulary.vocabularySize(), special);
        try (NDManager manager = NDManager.newBaseManager();
                TextTokenizer tokenizer = TextTokenizer.open(tokenizerFile)) {
            Corpus.Cut cut =
                    new Corpus.Cut(
                            vocabulary.vocabularySize(),
                            end,
                            sequenceLength,
                            heldOutEvery,
                            20,
                            batchSize);
            Corpus corpus = Corpus.of(text.read(), tokenizer, cut, manager);
            LlamaForCausalLM model = LlamaCheckpoint.create(config, manager, seed);
            try (WorkDirectory work = WorkDirectory.create(output)) {
                stop.defer();
                terminal.note(
                        String.format(
                                Locale.ROOT,
                                "%,d parameters, %,d tokens to train on",
                                LoadedModel.parameterCount(model),
                                corpus.tokens()));
                BaseDirectory directory = new BaseDirectory(model, dtype, tokenizerFile);
                int done = train(model, corpus, directory, work.path(), manager);
                if (done > 0) {
                    Path whole = work.path().resolve("whole");
                    directory.save(whole);
                    work.publish(whole);
                    terminal.note("the model after step " + done + " is in " + output);
                }
            }
        }
        return stop.isRaised() ? StopSignal.EXIT_CODE : 0;
    }

    /** Returns how many steps were done. */
    private int train(
            LlamaForCausalLM model,
            Corpus corpus,
            BaseDirectory directory,
            Path work,
            NDManager manager)
            throws IOException {
        Clock clock = new Clock(steps, timeLimit);
        Tracker cosine =
                LearningRateSchedule.cosine(learningRate, warmupSteps, steps, FLOOR * learningRate);
        TrainingConfig config =
                TrainingConfig.builder()
                        .optSchedule(step -> cosine.getNewValue(clock.position(step)))
                        .optWeightDecay(weightDecay)
                        .optBetas(0.9, 0.95)
                        .optMaxGradNorm(maxGradNorm)
                        .build();
        BatchSampler sampler = new BatchSampler(corpus.training(), batchSize, seed);
        try (TrainingLoop loop = TrainingLoop.over(model, manager, config);
                Progress progress = new Progress(terminal, "pretrain", steps)) {
            int step = 0;
            while (step < steps && !clock.isOver() && !stop.isRaised()) {
                step++;
                progress.step(TrainingSession.state(loop.step(sampler), "tokens"));
                if (saveEvery > 0 && step % saveEvery == 0 && step < steps) {
                    report(loop, corpus, step);
                    directory.replace(work.resolve("step"));
                }
            }
            report(loop, corpus, step);
            return step;
        }
    }

    private void report(TrainingLoop loop, Corpus corpus, long step) {
        if (!corpus.heldOut().isEmpty() && !stop.isRaised()) {
            double loss = loop.evaluate(corpus.heldOut());
            terminal.note(
                    String.format(
                            Locale.ROOT,
                            "step %d: held-out loss %.4f, perplexity %.3f",
                            step,
                            loss,
                            Math.exp(loss)));
        }
    }

    private BadInputException unknownEndOfText(TokenizerFile vocabulary) {
        return new BadInputException(
                tokenizerFile
                        + " has no token "
                        + endOfText
                        + "; its added tokens are "
                        + vocabulary.addedTokens().keySet()
                        + ". Choose one with --end-of-text.");
    }

    private void check() {
        OptionChecks.atLeast("--steps", steps, 1);
        OptionChecks.atLeast("--batch-size", batchSize, 1);
        OptionChecks.atLeast("--sequence-length", sequenceLength, 2);
        OptionChecks.atLeast("--held-out-every", heldOutEvery, 0);
        OptionChecks.atLeast("--save-every", saveEvery, 0);
        OptionChecks.atLeast("--warmup-steps", warmupSteps, 0);
        OptionChecks.require(warmupSteps < steps, "--warmup-steps", warmupSteps, "below --steps");
        OptionChecks.positive("--learning-rate", learningRate);
        OptionChecks.positive("--max-grad-norm", maxGradNorm);
        OptionChecks.notNegative("--weight-decay", weightDecay);
        if (timeLimit != null) {
            OptionChecks.positive("--time-limit", timeLimit);
        }
    }

    /** How far a training is, in steps and in time, whichever is further. */
    private static final class Clock {
        private final long begin = System.nanoTime();
        private final int steps;
        private final double limitNanos;

        Clock(int steps, @Nullable Double minutes) {
            this.steps = steps;
            this.limitNanos = minutes == null ? Double.POSITIVE_INFINITY : minutes * 60e9;
        }

        boolean isOver() {
            return System.nanoTime() - begin >= limitNanos;
        }

        /** Returns the step that the schedule is at. */
        int position(int step) {
            double inTime = (System.nanoTime() - begin) / limitNanos * steps;
            return (int) Math.min(steps, Math.max(step, inTime));
        }
    }
}
