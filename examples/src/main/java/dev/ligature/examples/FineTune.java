package dev.ligature.examples;

import dev.ligature.Routing;
import dev.ligature.config.LoraConfig;
import dev.ligature.models.PretrainedModel;
import dev.ligature.training.BatchSampler;
import dev.ligature.training.TokenWindows;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Fine-tunes an adapter on a text and saves it as PEFT does. */
public final class FineTune {
    private static final int LENGTH = 32;
    private static final int ROWS = 4;

    private FineTune() {}

    /**
     * Runs the example.
     *
     * @param args the base model's directory, a text file, and a directory for the adapter
     */
    public static void main(String[] args) throws IOException {
        List<Double> losses =
                run(Path.of(args[0]), Files.readString(Path.of(args[1])), Path.of(args[2]), 100);
        System.out.println("loss before and after: " + losses);
    }

    /**
     * Trains.
     *
     * @param base a Hugging Face directory with its tokenizer
     * @param text what is learned
     * @param output where the adapter is saved; must not exist
     * @param steps the number of steps
     * @return the loss on the text before and after
     */
    static List<Double> run(Path base, String text, Path output, int steps) throws IOException {
        try (PretrainedModel model = PretrainedModel.load(base)) {
            model.lora()
                    .create(
                            "tuned",
                            LoraConfig.builder()
                                    .setTargetModules("q_proj", "v_proj")
                                    .optRank(8)
                                    .optLoraAlpha(16)
                                    .optTaskType("CAUSAL_LM")
                                    .build());
            TokenWindows windows = TokenWindows.of(model.tokenizer().encode(text), LENGTH);
            BatchSampler batches = new BatchSampler(windows, ROWS, 0);
            TrainingConfig config =
                    TrainingConfig.builder().optLearningRate(1e-2).optMaxGradNorm(1).build();
            List<Double> losses = new ArrayList<>();
            // Only the adapter learns: the base of a wrapped model is frozen.
            try (TrainingLoop loop =
                    TrainingLoop.over(
                            model.lora().routed(Routing.of("tuned")), model.manager(), config)) {
                losses.add(loop.evaluate(windows.batches(ROWS, model.manager())));
                for (int step = 0; step < steps; step++) {
                    loop.step(batches);
                }
                losses.add(loop.evaluate(windows.batches(ROWS, model.manager())));
            }
            model.lora().save("tuned", output);
            return losses;
        }
    }
}
