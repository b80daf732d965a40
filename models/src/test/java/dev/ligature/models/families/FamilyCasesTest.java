package dev.ligature.models.families;

import static dev.ligature.models.Oracle.assertWithin;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraException;
import dev.ligature.MergeOptions;
import dev.ligature.MergedModel;
import dev.ligature.Routing;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.generation.TokenListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every causal family computes what Transformers and PEFT do. */
final class FamilyCasesTest {
    private static final double EPSILON = 1e-4;
    private static final Routing FIRST = Routing.of("first");

    static List<String> names() throws IOException {
        return FamilyCase.names();
    }

    @Test
    void allCases_areThere() throws IOException {
        assertEquals(19, names().size(), names().toString());
    }

    @ParameterizedTest
    @MethodSource("names")
    void logits_ofBaseAdapterAndMergedModel_areThoseOfTheReference(String name) throws IOException {
        try (FamilyCase reference = new FamilyCase(name)) {
            reference.loadAdapter();
            NDArray ids = reference.read("input_ids"); // (B, T)
            NDArray adapted = reference.read("adapter_logits"); // (B, T, V)
            assertWithin(
                    EPSILON,
                    reference.read("base_logits"),
                    reference.logits(Routing.none(), ids),
                    "base");
            assertWithin(EPSILON, adapted, reference.logits(FIRST, ids), "adapter");
            try (MergedModel merged = reference.model().lora().merge(FIRST, MergeOptions.SAFE)) {
                NDArray logits =
                        merged.forward(reference.store(), new NDList(ids), false)
                                .singletonOrThrow();
                assertWithin(EPSILON, adapted, logits, "merged");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void greedyTokens_withACache_areThoseOfTransformersGenerate(String name) throws IOException {
        try (FamilyCase reference = new FamilyCase(name)) {
            NDArray all = reference.read("generated"); // (B, P+N)
            long width = reference.read("prompt_ids").getShape().get(1);
            NDArray expected = all.get(new NDIndex(":, {}:", width)); // (B, N)
            int count = (int) expected.getShape().get(1);
            List<long[]> prompts = reference.prompts();
            List<long[]> generated =
                    TextGenerator.of(reference.model(), Routing.none())
                            .generate(prompts, GenerationOptions.greedy(count), TokenListener.NONE);
            for (int row = 0; row < prompts.size(); row++) {
                assertArrayEquals(expected.get(row).toLongArray(), generated.get(row));
            }
        }
    }

    /** Texts of unequal length, some longer than the windows, beside each other. */
    @ParameterizedTest
    @MethodSource("names")
    void paddedRows_giveWhatTheyGiveAlone(String name) throws IOException {
        try (FamilyCase reference = new FamilyCase(name)) {
            reference.loadAdapter();
            List<long[]> rows = new ArrayList<>(reference.prompts());
            rows.add(reference.read("input_ids").get(0).toLongArray());
            int width = rows.stream().mapToInt(row -> row.length).max().orElseThrow();
            for (boolean left : List.of(true, false)) {
                long[] ids = new long[rows.size() * width];
                long[] mask = new long[ids.length];
                for (int i = 0; i < rows.size(); i++) {
                    int length = rows.get(i).length;
                    int start = i * width + (left ? width - length : 0);
                    System.arraycopy(rows.get(i), 0, ids, start, length);
                    Arrays.fill(mask, start, start + length, 1);
                }
                Shape shape = new Shape(rows.size(), width);
                NDArray together =
                        reference.logits(
                                FIRST,
                                reference.manager().create(ids, shape),
                                reference.manager().create(mask, shape)); // (B, T, V)
                for (int i = 0; i < rows.size(); i++) {
                    int length = rows.get(i).length;
                    int start = left ? width - length : 0;
                    NDArray alone =
                            reference.logits(
                                    FIRST,
                                    reference.manager().create(rows.get(i), new Shape(1, length)));
                    NDArray beside =
                            together.get(new NDIndex("{}, {}:{}", i, start, start + length));
                    assertWithin(EPSILON, alone.get(0), beside, "row " + i + ", left " + left);
                }
            }
        }
    }

    /** The files of the first GPT-2 have no prefix, and the causal masks beside the weights. */
    @Test
    void aFileOfGpt2_withoutPrefixAndWithMasks_loads(@TempDir Path folder) throws IOException {
        try (FamilyCase reference = new FamilyCase("gpt2")) {
            Map<String, NDArray> tensors = new TreeMap<>();
            try (SafetensorsReader file =
                    SafetensorsReader.open(reference.base().resolve("model.safetensors"))) {
                for (String name : file.tensors().keySet()) {
                    tensors.put(
                            name.replace("transformer.", ""), file.read(name, reference.manager()));
                }
            }
            tensors.put("h.0.attn.bias", reference.manager().ones(new Shape(1, 1, 64, 64)));
            Files.copy(reference.base().resolve("config.json"), folder.resolve("config.json"));
            SafetensorsWriter.write(
                    folder.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
            try (PretrainedModel model = PretrainedModel.load(folder)) {
                NDArray logits =
                        model.lora()
                                .forward(
                                        reference.store(),
                                        new NDList(reference.read("input_ids")),
                                        Routing.none())
                                .singletonOrThrow();
                assertWithin(EPSILON, reference.read("base_logits"), logits, "logits");
            }
        }
    }

    @Test
    void aTextBeyondLearnedPositions_isRefused() throws IOException {
        try (FamilyCase reference = new FamilyCase("gpt2")) {
            NDArray ids = reference.manager().zeros(new Shape(1, 65), DataType.INT64);
            LoraException refusal =
                    assertThrows(LoraException.class, () -> reference.logits(Routing.none(), ids));
            assertEquals(
                    "[TextTooLong] A text has 65 tokens, but the model has learned 64 positions."
                            + " Shorten the text.",
                    refusal.getMessage());
        }
    }

    @Test
    void rowsOfOneBatch_goThroughAdaptersOfTheirOwn() throws IOException {
        for (String name : List.of("gemma3", "gpt2")) {
            try (FamilyCase reference = new FamilyCase(name)) {
                reference.loadAdapter();
                NDArray ids = reference.read("input_ids"); // (2, T)
                NDArray mixed = reference.logits(Routing.rows("first", Routing.BASE), ids);
                NDArray adapted = reference.read("adapter_logits");
                assertWithin(EPSILON, adapted.get(0), mixed.get(0), name);
                assertWithin(EPSILON, reference.read("base_logits").get(1), mixed.get(1), name);
            }
        }
    }

    /** PEFT declares in a file how GPT-2 stores its weights, and expects that. */
    @Test
    void aSavedAdapterOfGpt2_declaresFanInFanOut_andReloads(@TempDir Path folder)
            throws IOException {
        try (FamilyCase reference = new FamilyCase("gpt2")) {
            reference.loadAdapter();
            Path saved = folder.resolve("saved");
            reference.model().lora().save("first", saved);
            assertTrue(
                    Files.readString(saved.resolve("adapter_config.json"))
                            .contains("\"fan_in_fan_out\": true"));
            reference.model().lora().load("again", saved);
            NDArray ids = reference.read("input_ids");
            assertArrayEquals(
                    reference.logits(FIRST, ids).toFloatArray(),
                    reference.logits(Routing.of("again"), ids).toFloatArray());
        }
    }

    @Test
    void aToken_seesNoFurtherThanItsWindow() throws IOException {
        try (FamilyCase reference = new FamilyCase("mistral")) {
            NDArray ids = reference.read("input_ids").get("0:1"); // (1, T)
            NDArray other = ids.duplicate();
            other.set(new NDIndex("0, 0"), 7);
            // Two layers of windows of 5: the first token reaches the ninth one, and no other.
            NDArray before = reference.logits(Routing.none(), ids);
            NDArray after = reference.logits(Routing.none(), other);
            NDIndex reached = new NDIndex("0, 8");
            NDIndex beyond = new NDIndex("0, 9:");
            assertArrayEquals(
                    before.get(beyond).toFloatArray(), after.get(beyond).toFloatArray(), 0);
            assertTrue(
                    !Arrays.equals(
                            before.get(reached).toFloatArray(), after.get(reached).toFloatArray()));
        }
    }
}
