package dev.ligature.models.llama;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.models.Oracle;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import dev.ligature.training.TrainingMemory;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LlamaTrainingTest {
    @ParameterizedTest
    @ValueSource(strings = {"biased", "llama-tied-both", "qwen2-tied-embed"})
    void trainingAllParameters_hasTheLossesOfTorch(String name) throws IOException {
        check(name, TrainingMemory.DEFAULT);
        check(name, TrainingMemory.DEFAULT.withRecomputedLayers().withLogitBytes(3_000));
    }

    private static void check(String name, TrainingMemory memory) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            LlamaForCausalLM model =
                    LlamaCheckpoint.load(
                            Oracle.checkpoint(name), manager, LoadOptions.defaults().trainable());
            Oracle oracle = Oracle.of(name, manager);
            NDArray batches = oracle.read("pretrain_batches"); // (steps, B, T)
            float[] losses = oracle.read("pretrain_losses").toFloatArray(); // (steps)
            TrainingConfig config =
                    TrainingConfig.builder()
                            .optLearningRate(3e-3)
                            .optWeightDecay(0.1)
                            .optMemory(memory)
                            .build();
            try (TrainingLoop loop = TrainingLoop.over(model, manager, config)) {
                for (int step = 0; step < losses.length; step++) {
                    double loss = loop.step(batches.get(step)).loss();
                    assertEquals(losses[step], loss, 1e-5 * (1 + losses[step]), "step " + step);
                }
            }
        }
    }
}
