package dev.ligature.models.family;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.NormalInitializer;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.ExportOptions;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.models.ModelFamily;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.generation.TokenListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A family that is registered as a service loads, takes adapters and generates like Llama does. */
final class ModelFamilyTest {
    private static final List<long[]> PROMPTS = List.of(new long[] {3, 4, 5}, new long[] {6});

    @TempDir Path folder;

    @Test
    void aRegisteredFamily_generatesRowsOfOneBatchAsAlone() throws IOException {
        try (PretrainedModel model = PretrainedModel.load(save("bag"))) {
            assertInstanceOf(BagModel.class, model.block());
            model.lora()
                    .create(
                            "tuned",
                            LoraConfig.builder()
                                    .setTargetModules("head")
                                    .optInit(LoraInit.RANDOM)
                                    .build());
            List<String> adapters = List.of("tuned", Routing.BASE);
            TextGenerator mixed =
                    TextGenerator.byRow(
                            names -> model.lora().routed(Routing.rows(names)),
                            model.decoder(),
                            model.manager());

            List<long[]> together =
                    mixed.generate(PROMPTS, adapters, GenerationOptions.greedy(6), (row, id) -> {});

            assertArrayEquals(alone(model, Routing.of("tuned"), 0), together.get(0));
            assertArrayEquals(alone(model, Routing.none(), 1), together.get(1));
        }
    }

    private static long[] alone(PretrainedModel model, Routing routing, int prompt) {
        return TextGenerator.of(model, routing)
                .generate(
                        List.of(PROMPTS.get(prompt)),
                        GenerationOptions.greedy(6),
                        TokenListener.NONE)
                .get(0);
    }

    @Test
    void anEncoder_loads_butDoesNotGenerate() throws IOException {
        try (PretrainedModel model = PretrainedModel.load(save("bag-encoder"))) {
            LoraException refusal = assertThrows(LoraException.class, model::decoder);
            assertEquals("NotDecoder", refusal.code());
        }
    }

    @Test
    void anUnknownType_isRefusedWithTheKnownOnes_andTheNearest() throws IOException {
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"lama\"}");
        String message = refusal();
        assertTrue(
                message.contains(
                        "config.json: model_type is \"lama\"; known are bag, bag-encoder, bert,"),
                message);
        assertTrue(
                message.endsWith(
                        " Did you mean llama? Use a checkpoint of such a model, or put its"
                                + " ModelFamily on the class path."),
                message);
        Files.writeString(folder.resolve("config.json"), "{}");
        assertTrue(refusal().contains("model_type is missing; known are"), refusal());
    }

    @Test
    void aModelOfMoreThanTexts_isRefusedWithTheTypeOfItsTextPart() throws IOException {
        Files.writeString(
                folder.resolve("config.json"),
                "{\"model_type\": \"gemma3\", \"text_config\": {\"model_type\":"
                        + " \"gemma3_text\"}, \"vision_config\": {}}");
        assertTrue(
                refusal()
                        .contains(
                                " Its text_config is of type gemma3_text: such a text model is"
                                        + " computed, from a checkpoint of its own."),
                refusal());
    }

    private String refusal() {
        CheckpointException e =
                assertThrows(CheckpointException.class, () -> ModelFamily.of(folder));
        assertEquals("ConfigUnsupported", e.code());
        return String.valueOf(e.getMessage());
    }

    private Path save(String type) throws IOException {
        Path directory = folder.resolve(type);
        try (NDManager manager = NDManager.newBaseManager()) {
            manager.getEngine().setRandomSeed(3);
            BagModel model = new BagModel(20, 8, true);
            model.setInitializer(new NormalInitializer(1), Parameter.Type.WEIGHT);
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
            String config =
                    "{\"model_type\": \"" + type + "\", \"vocab_size\": 20, \"hidden_size\": 8}";
            BaseCheckpoint.save(
                    directory,
                    model,
                    BagModelLora::visit,
                    Map.of("config.json", config),
                    ExportOptions.defaults());
        }
        return directory;
    }
}
