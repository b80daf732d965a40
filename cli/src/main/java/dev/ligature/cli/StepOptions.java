package dev.ligature.cli;

import dev.ligature.models.training.AdapterDefaults;
import dev.ligature.models.training.TrainingData;
import dev.ligature.plan.LoraPlan;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import dev.ligature.training.TrainingMemory;
import dev.ligature.training.schedule.LoraPlus;
import dev.ligature.training.schedule.ScheduleKind;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say how many steps are taken, and how each is. */
final class StepOptions {
    private static final int DEFAULT_STEPS = 100;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Default: 100, or all of --token-ids.")
    private @Nullable Integer steps;

    @Option(
            names = "--epochs",
            paramLabel = "X",
            description = "As many steps as see each line, or each window of text, X times.")
    private @Nullable Double epochs;

    @Option(
            names = "--accumulation",
            defaultValue = "1",
            paramLabel = "N",
            description = "Batches of a step. Default: 1.")
    private int accumulation;

    @Option(
            names = "--partitions",
            paramLabel = "N",
            description = {
                "Sum the gradients of a step's batches in N parts, which are the tasks of a cluster.",
                "Default: a part for each batch."
            })
    private @Nullable Integer partitions;

    @Option(
            names = "--learning-rate",
            defaultValue = "1e-3",
            paramLabel = "X",
            description = "Default: 1e-3.")
    private double learningRate;

    @Option(
            names = "--schedule",
            defaultValue = "constant",
            paramLabel = "KIND",
            description = {
                "How the learning rate goes on after warm-up: constant, linear or cosine,",
                "as in Transformers; the last two end at 0. Default: constant."
            })
    private ScheduleKind schedule = ScheduleKind.CONSTANT;

    @Option(
            names = "--warmup-steps",
            paramLabel = "N",
            description = "In these the learning rate rises from 0. Default: 0.")
    private @Nullable Integer warmupSteps;

    @Option(
            names = "--warmup-ratio",
            paramLabel = "X",
            description = "The same, as a part of all steps: 0.1, for one.")
    private @Nullable Double warmupRatio;

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
            names = "--loraplus-ratio",
            paramLabel = "X",
            description = "LoRA+: the learning rate of the factors B is X times that of A.")
    private @Nullable Double loraPlusRatio;

    @Option(
            names = "--loraplus-embedding-rate",
            paramLabel = "X",
            description = "With it: the learning rate of embeddings' factors. Default: 1e-6.")
    private @Nullable Double loraPlusEmbeddingRate;

    @Option(
            names = "--max-grad-norm",
            paramLabel = "X",
            description = "Clip gradients to this global norm. Default: no clipping.")
    private @Nullable Double maxGradNorm;

    @Option(
            names = "--gradient-checkpointing",
            description =
                    "Keep the inputs of layers alone, and compute each layer again for its"
                            + " gradients: less memory, more time. For decoders.")
    private boolean checkpointing;

    @Option(
            names = "--seed",
            defaultValue = "0",
            paramLabel = "N",
            description = "Random seed for initial factors, batch order and dropout. Default: 0.")
    private int seed;

    /** Says of options that cannot be meant, or contradict each other. */
    void check(boolean prescribed) {
        OptionChecks.atLeast("--steps", steps == null ? 1 : steps, 1);
        OptionChecks.positive("--epochs", epochs == null ? 1 : epochs);
        OptionChecks.atLeast("--accumulation", accumulation, 1);
        OptionChecks.atLeast("--partitions", partitions == null ? 1 : partitions, 1);
        if (partitions != null && partitions > accumulation) {
            throw new BadInputException(
                    "--partitions is "
                            + partitions
                            + ", but a step has "
                            + accumulation
                            + " batches: give at most as many, or more --accumulation.");
        }
        OptionChecks.positive("--learning-rate", learningRate);
        OptionChecks.positive("--max-grad-norm", maxGradNorm == null ? 1 : maxGradNorm);
        OptionChecks.notNegative("--weight-decay", weightDecay);
        OptionChecks.atLeast("--warmup-steps", warmupSteps == null ? 0 : warmupSteps, 0);
        double part = warmupRatio == null ? 0 : warmupRatio;
        OptionChecks.require(part >= 0 && part <= 1, "--warmup-ratio", part, "from 0 to 1");
        OptionChecks.positive("--loraplus-ratio", loraPlusRatio == null ? 1 : loraPlusRatio);
        OptionChecks.positive("--loraplus-embedding-rate", embeddingRate());
        OptionChecks.notBoth("--steps", steps, "--epochs", epochs);
        OptionChecks.notBoth("--warmup-steps", warmupSteps, "--warmup-ratio", warmupRatio);
        if (loraPlusEmbeddingRate != null && loraPlusRatio == null) {
            throw new BadInputException(
                    "--loraplus-embedding-rate needs --loraplus-ratio: add it, or leave both out.");
        }
        if (prescribed && epochs != null) {
            throw new BadInputException(
                    "--token-ids prescribes the batches, so --epochs has no say: leave it out.");
        }
    }

    /** Returns whether the rate of a step depends on how many steps there are. */
    boolean followsFromLength() {
        return schedule != ScheduleKind.CONSTANT || warmupRatio != null;
    }

    int seed() {
        return seed;
    }

    /** Returns what may be in memory at once. */
    TrainingMemory memory() {
        return checkpointing
                ? TrainingMemory.DEFAULT.withRecomputedLayers()
                : TrainingMemory.DEFAULT;
    }

    /**
     * Returns how many steps a training takes.
     *
     * @param data its data
     * @param there how many batches there are, if they end
     * @param source where these are from
     */
    int steps(TrainingData data, OptionalInt there, Object source) {
        if (epochs != null) {
            long batches = Math.max(1, data.batches(epochs));
            long all = (batches - 1) / accumulation + 1;
            if (all > Integer.MAX_VALUE) {
                throw new BadInputException(
                        "--epochs "
                                + epochs
                                + " is more steps than "
                                + Integer.MAX_VALUE
                                + ". Give fewer epochs.");
            }
            return (int) all;
        }
        int most = there.orElse(Integer.MAX_VALUE) / accumulation;
        if (most == 0 || (steps != null && steps > most)) {
            throw new BadInputException(
                    (steps == null ? "--accumulation" : "--steps")
                            + " is "
                            + (steps == null ? accumulation : steps)
                            + (accumulation > 1 && steps != null
                                    ? " with " + accumulation + " batches each"
                                    : "")
                            + ", but "
                            + source
                            + " has "
                            + there.orElseThrow()
                            + " batches.");
        }
        return steps != null ? steps : there.isPresent() ? most : DEFAULT_STEPS;
    }

    /** Returns the settings of a training of so many steps. */
    TrainingConfig config(LoraPlan plan, int last) {
        int warmup =
                warmupSteps != null
                        ? warmupSteps
                        : (int) Math.ceil(last * (warmupRatio == null ? 0 : warmupRatio));
        TrainingConfig.Builder config =
                TrainingConfig.builder()
                        .optOptimizer(optimizer)
                        .optSchedule(schedule.of(learningRate, warmup, last))
                        .optWeightDecay(weightDecay)
                        .optAccumulationSteps(accumulation)
                        .optMemory(memory())
                        .optSeed(seed);
        if (partitions != null) {
            config.optPartitions(partitions);
        }
        if (maxGradNorm != null) {
            config.optMaxGradNorm(maxGradNorm);
        }
        if (loraPlusRatio != null) {
            config.optLoraPlus(
                    new LoraPlus(
                            loraPlusRatio,
                            embeddingRate() / learningRate,
                            AdapterDefaults.pairsOfEmbeddings(plan)));
        }
        return config.build();
    }

    private double embeddingRate() {
        return loraPlusEmbeddingRate == null ? 1e-6 : loraPlusEmbeddingRate; // as in PEFT
    }
}
