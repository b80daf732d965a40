package dev.ligature.models.cases;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.Adapter;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import dev.ligature.training.TrainingLoop;
import dev.ligature.training.TrainingMemory;
import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Training compared with torch step by step: an adapter whose tied pair has two readers, DoRA, and
 * PiSSA.
 */
final class TrainingCasesTest {
    private static final double EPSILON = 1e-5;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "train-tied-adamw",
                "train-tied-sgd-clip",
                "train-dora-adamw",
                "train-pissa-adamw",
                "train-tokens-biases",
                "train-saved-modules"
            })
    void everyLossGradientNormAndFinalParameter_isTorchs(String name) throws IOException {
        check(name, TrainingMemory.DEFAULT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "train-tied-adamw",
                "train-tied-sgd-clip",
                "train-dora-adamw",
                "train-pissa-adamw",
                "train-tokens-biases",
                "train-saved-modules"
            })
    void soItIs_whereLessIsKeptInMemory(String name) throws IOException {
        check(name, TrainingMemory.DEFAULT.withLogitBytes(5 * 4 * 67));
        check(name, TrainingMemory.DEFAULT.withRecomputedLayers());
        check(name, TrainingMemory.DEFAULT.withRecomputedLayers().withLogitBytes(5 * 4 * 67));
    }

    private static void check(String name, TrainingMemory memory) throws IOException {
        try (ReferenceCase reference = new ReferenceCase(name);
                SafetensorsReader file =
                        SafetensorsReader.open(reference.file("train.safetensors"))) {
            JsonObject settings =
                    JsonParser.parseString(Files.readString(reference.file("train.json")))
                            .getAsJsonObject();
            LoraModel lora = reference.wrap();
            Adapter adapter =
                    lora.load(
                            "mine",
                            reference.file("init"),
                            AdapterLoadOptions.defaults().trainable());
            assertEquals(
                    settings.get("trainable").getAsLong(), adapter.plan().trainableParameters());
            NDArray batches = file.read("batches", reference.manager()); // (steps, B, T)

            try (TrainingLoop loop =
                    TrainingLoop.over(
                            lora.routed(Routing.of("mine")),
                            reference.manager(),
                            config(settings, memory))) {
                JsonArray losses = settings.getAsJsonArray("losses");
                JsonArray norms = settings.getAsJsonArray("grad_norms");
                for (int step = 0; step < losses.size(); step++) {
                    StepMetrics metrics = loop.step(batches.get(step));
                    assertClose(losses.get(step).getAsDouble(), metrics.loss());
                    assertClose(norms.get(step).getAsDouble(), metrics.gradNorm());
                }
            }

            for (String parameter : adapter.parameters().keys()) {
                NDArray expected = file.read("final." + parameter, reference.manager());
                ReferenceCase.assertClose(
                        expected, adapter.parameters().get(parameter).getArray(), EPSILON);
            }
            assertEquals(
                    (long) adapter.parameters().size(),
                    file.tensors().keySet().stream()
                            .filter(key -> key.startsWith("final"))
                            .count());
        }
    }

    private static TrainingConfig config(JsonObject settings, TrainingMemory memory) {
        TrainingConfig.Builder builder =
                TrainingConfig.builder()
                        .optOptimizer(
                                settings.get("optimizer").getAsString().equals("adamw")
                                        ? OptimizerKind.ADAMW
                                        : OptimizerKind.SGD)
                        .optLearningRate(settings.get("lr").getAsDouble())
                        .optWeightDecay(settings.get("weight_decay").getAsDouble())
                        .optMemory(memory);
        if (!settings.get("max_grad_norm").isJsonNull()) {
            builder.optMaxGradNorm(settings.get("max_grad_norm").getAsDouble());
        }
        return builder.build();
    }

    private static void assertClose(double expected, double found) {
        assertTrue(
                Math.abs(found - expected) <= EPSILON * (1 + Math.abs(expected)),
                found + " is not " + expected);
    }
}
