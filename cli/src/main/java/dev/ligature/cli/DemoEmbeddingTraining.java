package dev.ligature.cli;

import ai.djl.ndarray.NDManager;
import dev.ligature.Adapter;
import dev.ligature.Routing;
import dev.ligature.config.LoraConfig;
import dev.ligature.models.bert.BertLayerLora;
import dev.ligature.models.embedding.InBatchNegatives;
import dev.ligature.models.embedding.TextEmbedder;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import dev.ligature.training.schedule.LearningRateSchedule;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * The trainings of the demo of embeddings: each adapter starts from the same seed and sees the same
 * batches in the same order.
 *
 * @param loaded the model
 * @param pairs what to train on
 * @param most the most tokens of a text
 * @param rows the pairs of a batch
 * @param steps the steps of each training
 * @param learningRate the greatest rate
 */
record DemoEmbeddingTraining(
        LoadedModel loaded,
        List<ApiPair> pairs,
        int most,
        int rows,
        int steps,
        double learningRate) {
    private static final int SEED = 0;
    private static final int WARM_UP = 5;
    private static final double TEMPERATURE = 0.05;

    static final DemoRecipe QUERY_VALUE =
            new DemoRecipe(
                    "query-value",
                    "LoRA on query and value",
                    adapting()
                            .setTargetModules(
                                    BertLayerLora.ATTENTION_SELF_QUERY,
                                    BertLayerLora.ATTENTION_SELF_VALUE)
                            .build());

    static final DemoRecipe ALL_LINEAR =
            new DemoRecipe(
                    "all-linear",
                    "LoRA on all linear layers",
                    adapting()
                            .setTargetModules(
                                    BertLayerLora.ATTENTION_SELF_QUERY,
                                    BertLayerLora.ATTENTION_SELF_KEY,
                                    BertLayerLora.ATTENTION_SELF_VALUE,
                                    BertLayerLora.ATTENTION_OUTPUT_DENSE,
                                    BertLayerLora.INTERMEDIATE_DENSE,
                                    BertLayerLora.OUTPUT_DENSE)
                            .build());

    static final List<DemoRecipe> RECIPES = List.of(QUERY_VALUE, ALL_LINEAR);

    private static LoraConfig.Builder adapting() {
        return LoraConfig.builder().optRank(8).optLoraAlpha(16).optTaskType("FEATURE_EXTRACTION");
    }

    /** Trains an adapter, which stays on the model under the recipe's name. */
    void run(DemoRecipe recipe, Terminal terminal, StopSignal stop) throws IOException {
        loaded.manager().getEngine().setRandomSeed(SEED);
        Adapter adapter = loaded.lora().create(recipe.adapter(), recipe.config());
        Routing routing = Routing.of(recipe.adapter());
        TextEmbedder embedder = TextEmbedder.of(loaded.base(), routing);
        InBatchNegatives loss = new InBatchNegatives(embedder.recipe(), TEMPERATURE);
        List<ApiPair> order = new ArrayList<>(pairs);
        Collections.shuffle(order, new Random(SEED));
        try (TrainingLoop loop =
                        TrainingLoop.over(
                                loaded.lora().routed(routing), loaded.manager(), config());
                Progress progress = new Progress(terminal, recipe.adapter(), steps)) {
            for (int step = 0; step < steps && !stop.isRaised(); step++) {
                List<ApiPair> batch = new ArrayList<>();
                for (int row = 0; row < rows; row++) {
                    batch.add(order.get((step * rows + row) % order.size()));
                }
                try (NDManager scope = loaded.manager().newSubManager()) {
                    double found =
                            loop.step(
                                            loss.batch(
                                                    embedder.encode(questions(batch), most),
                                                    embedder.encode(answers(batch), most),
                                                    scope))
                                    .loss();
                    progress.step(String.format(Locale.ROOT, "loss %.3f", found));
                }
            }
        }
        adapter.setTrainable(false);
    }

    private static List<String> questions(List<ApiPair> pairs) {
        return pairs.stream().map(ApiPair::question).toList();
    }

    private static List<String> answers(List<ApiPair> pairs) {
        return pairs.stream().map(ApiPair::answer).toList();
    }

    private TrainingConfig config() {
        return TrainingConfig.builder()
                .optSchedule(
                        LearningRateSchedule.cosine(
                                learningRate, Math.min(WARM_UP, steps - 1), steps, 0))
                .optWeightDecay(0)
                .build();
    }
}
