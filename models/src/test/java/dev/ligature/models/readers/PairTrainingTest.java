package dev.ligature.models.readers;

import static dev.ligature.models.Oracle.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.Adapter;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.PretrainedModel;
import dev.ligature.plan.PairPlan;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TrainingBatch;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import dev.ligature.training.TrainingMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Training of one pair on a weight that several modules read is that of one parameter in torch,
 * which is added up over all readers (interop/make_pair_numbers.py).
 */
final class PairTrainingTest {
    private static final Path RESOURCES = Path.of("src", "test", "resources");

    /** Ten times what the script allows the same training in float32 and float64 to differ by. */
    private static final double EPSILON = 1e-5;

    @ParameterizedTest
    @ValueSource(strings = {"t5", "bert-mlm", "gemma3", "gpt2"})
    void everyLossGradientNormAndTheFactors_areThoseOfOneParameterInTorch(String name)
            throws IOException {
        check(name, TrainingMemory.DEFAULT);
    }

    @ParameterizedTest
    @ValueSource(strings = {"t5", "bert-mlm", "gemma3", "gpt2"})
    void soTheyAre_whereTheHeadSeesFiveTokensAtATime(String name) throws IOException {
        check(name, TrainingMemory.DEFAULT.withLogitBytes(5 * 4 * 61));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gemma3", "gpt2"})
    void soTheyAre_whereLayersAreComputedAgain(String name) throws IOException {
        check(name, TrainingMemory.DEFAULT.withRecomputedLayers());
    }

    @Test
    void aModelThatCannotComputeItsLayersAgain_isRefusedByName() {
        LoraException error =
                assertThrows(
                        LoraException.class,
                        () -> check("t5", TrainingMemory.DEFAULT.withRecomputedLayers()));
        assertEquals(
                "[TrainLayers] The layers of T5ForConditionalGeneration cannot be computed again on"
                        + " the way back. Train it without TrainingMemory.withRecomputedLayers, or"
                        + " have the model implement LayeredModel.",
                error.getMessage());
    }

    private static void check(String name, TrainingMemory memory) throws IOException {
        Path folder = RESOURCES.resolve("pairs").resolve(name);
        JsonObject about = json(folder.resolve("case.json"));
        JsonObject wanted = json(folder.resolve("train.json"));
        try (PretrainedModel model =
                        PretrainedModel.load(RESOURCES.resolve(about.get("base").getAsString()));
                NDManager manager = NDManager.newBaseManager();
                SafetensorsReader file =
                        SafetensorsReader.open(folder.resolve("train.safetensors"))) {
            Adapter adapter =
                    model.lora()
                            .load(
                                    "mine",
                                    folder.resolve("init"),
                                    AdapterLoadOptions.defaults().trainable());
            assertEquals(strings(about.getAsJsonArray("readers")), readers(adapter));
            try (TrainingLoop loop =
                    TrainingLoop.over(
                            model.lora().routed(Routing.of("mine")),
                            manager,
                            config(wanted, memory))) {
                JsonArray losses = wanted.getAsJsonArray("losses");
                for (int step = 0; step < losses.size(); step++) {
                    StepMetrics metrics = take(loop, file, manager, step);
                    assertNear(losses, step, metrics.loss(), "loss");
                    assertNear(
                            wanted.getAsJsonArray("grad_norms"), step, metrics.gradNorm(), "norm");
                }
            }
            assertEquals(2, adapter.parameters().size());
            for (String parameter : adapter.parameters().keys()) {
                String factor = parameter.endsWith("lora_A") ? "A" : "B";
                assertWithin(
                        EPSILON,
                        file.read("final." + factor, manager),
                        adapter.parameters().get(parameter).getArray(),
                        parameter);
            }
        }
    }

    private static StepMetrics take(
            TrainingLoop loop, SafetensorsReader file, NDManager manager, int step)
            throws IOException {
        NDArray ids = file.read("input_ids", manager).get(step); // (B, T)
        if (!file.tensors().containsKey("labels")) {
            return loop.step(ids);
        }
        NDList inputs = new NDList(ids);
        for (String more : List.of("attention_mask", "decoder_input_ids")) {
            if (file.tensors().containsKey(more)) {
                inputs.add(file.read(more, manager).get(step));
            }
        }
        return loop.step(TrainingBatch.classes(inputs, file.read("labels", manager).get(step)));
    }

    private static TrainingConfig config(JsonObject settings, TrainingMemory memory) {
        return TrainingConfig.builder()
                .optLearningRate(settings.get("lr").getAsDouble())
                .optWeightDecay(settings.get("weight_decay").getAsDouble())
                .optMemory(memory)
                .build();
    }

    private static List<String> readers(Adapter adapter) {
        assertEquals(1, adapter.plan().pairs().size());
        return adapter.plan().pairs().get(0).readers().stream()
                .map(PairPlan.Reader::module)
                .toList();
    }

    private static List<String> strings(JsonArray array) {
        List<String> strings = new ArrayList<>();
        array.forEach(element -> strings.add(element.getAsString()));
        return strings;
    }

    private static JsonObject json(Path file) throws IOException {
        return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    }

    private static void assertNear(JsonArray wanted, int step, double found, String what) {
        double expected = wanted.get(step).getAsDouble();
        assertEquals(
                expected, found, EPSILON * (1 + Math.abs(expected)), what + " of step " + step);
    }
}
