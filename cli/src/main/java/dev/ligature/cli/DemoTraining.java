package dev.ligature.cli;

import ai.djl.nn.Block;
import dev.ligature.Adapter;
import dev.ligature.Routing;
import dev.ligature.training.BatchSampler;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import dev.ligature.training.schedule.LearningRateSchedule;
import java.util.Locale;

/**
 * The trainings of the demo: each adapter starts from the same seed, sees the same batches in the
 * same order, and is measured on the same text.
 *
 * @param loaded the model
 * @param corpus the text
 * @param rows the rows B of a batch
 * @param steps the steps of each training
 * @param learningRate the greatest rate
 */
record DemoTraining(LoadedModel loaded, Corpus corpus, int rows, int steps, double learningRate) {
    private static final int SEED = 0;
    private static final int WARM_UP = 10;

    /**
     * What came of one adapter, or of the base.
     *
     * @param label what it is
     * @param perplexity on the held-out text
     * @param parameters how many numbers were trained
     * @param seconds how long that took
     */
    record Result(String label, double perplexity, long parameters, double seconds) {}

    Result base() {
        return new Result("base", perplexity(Routing.none()), 0, 0);
    }

    /** Trains an adapter, which stays on the model under the recipe's name. */
    Result run(DemoRecipe recipe, Terminal terminal, StopSignal stop) {
        long begin = System.nanoTime();
        loaded.manager().getEngine().setRandomSeed(SEED);
        Adapter adapter = loaded.lora().create(recipe.adapter(), recipe.config());
        Routing routing = Routing.of(recipe.adapter());
        Block routed = loaded.lora().routed(routing);
        BatchSampler sampler = new BatchSampler(corpus.training(), rows, SEED);
        try (TrainingLoop loop = TrainingLoop.over(routed, loaded.manager(), config());
                Progress progress = new Progress(terminal, recipe.adapter(), steps)) {
            for (int step = 0; step < steps && !stop.isRaised(); step++) {
                double loss = loop.step(sampler).loss();
                progress.step(String.format(Locale.ROOT, "loss %.3f", loss));
            }
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        adapter.setTrainable(false);
        return new Result(
                recipe.label(), perplexity(routing), adapter.plan().trainableParameters(), seconds);
    }

    private TrainingConfig config() {
        return TrainingConfig.builder()
                .optSchedule(
                        LearningRateSchedule.cosine(
                                learningRate, Math.min(WARM_UP, steps - 1), steps, 0))
                .optWeightDecay(0)
                .optMaxGradNorm(1)
                .build();
    }

    private double perplexity(Routing routing) {
        return Perplexity.of(loaded.lora().routed(routing), corpus.heldOut(), loaded.manager());
    }
}
