package dev.ligature.models.cases;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.ExportOptions;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.models.llama.LlamaCheckpoint;
import dev.ligature.models.llama.LlamaForCausalLM;
import dev.ligature.models.llama.LlamaForCausalLMLora;
import dev.ligature.ops.PackedArray;
import dev.ligature.ops.WeightPrecision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Adapters of every kind over a base whose weights are held in fewer bits. */
final class PackedWeightsTest {
    @TempDir Path folder;

    static Stream<Arguments> cases() throws IOException {
        return ReferenceCase.names().stream()
                .flatMap(
                        name ->
                                Stream.of(WeightPrecision.values())
                                        .map(precision -> Arguments.of(name, precision)));
    }

    private static LlamaForCausalLM load(ReferenceCase reference, WeightPrecision precision)
            throws IOException {
        return LlamaCheckpoint.load(
                reference.base(),
                reference.manager(),
                LoadOptions.defaults().withWeights(precision));
    }

    private static LoraModel wrap(ReferenceCase reference, WeightPrecision precision)
            throws IOException {
        return LlamaForCausalLMLora.wrap(load(reference, precision));
    }

    private static NDArray forward(ReferenceCase reference, LoraModel lora, Routing routing)
            throws IOException {
        return lora.forward(reference.store(), reference.input(), routing).singletonOrThrow();
    }

    /** Returns |a − b| / |b| in the Euclidean norm. */
    private static double distance(NDArray b, NDArray a) {
        assertEquals(b.getShape(), a.getShape());
        NDArray wide = b.toType(DataType.FLOAT64, false);
        double gap = a.toType(DataType.FLOAT64, false).sub(wide).square().sum().getDouble();
        return Math.sqrt(gap / wide.square().sum().getDouble());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void logits_areNearPefts_ofTheBaseAndOfTheAdapter(String name, WeightPrecision precision)
            throws IOException {
        try (ReferenceCase reference = new ReferenceCase(name)) {
            LoraModel lora = wrap(reference, precision);
            lora.load("first", reference.adapter());
            NDArray base = reference.expected("base_logits");
            NDArray adapted = reference.expected("adapter_logits");
            double moved = distance(adapted, base);
            double ofBase = distance(base, forward(reference, lora, Routing.none()));
            double ofAdapter = distance(adapted, forward(reference, lora, Routing.of("first")));
            // Models with random weights feel rounding more than trained ones do.
            assertTrue(ofBase < 0.05, () -> "base: " + ofBase);
            assertTrue(ofAdapter < 0.2 * moved, () -> "adapter: " + ofAdapter + " of " + moved);
        }
    }

    @ParameterizedTest
    @EnumSource(WeightPrecision.class)
    void rowsOfABatch_haveAdaptersOfTheirOwn(WeightPrecision precision) throws IOException {
        try (ReferenceCase reference = new ReferenceCase("llama-tied-embed")) {
            LoraModel lora = wrap(reference, precision);
            lora.load("first", reference.adapter());
            NDArray ids = reference.input().head();
            NDArray row = ids.get(new NDIndex("0:1"));
            NDArray rows = row.repeat(0, 3); // (3, T)
            NDArray mixed =
                    lora.forward(
                                    reference.store(),
                                    new NDList(rows),
                                    Routing.rows("first", Routing.BASE, "first"))
                            .singletonOrThrow();
            NDArray base = reference.expected("base_logits").get(new NDIndex("0:1"));
            NDArray adapted = reference.expected("adapter_logits").get(new NDIndex("0:1"));
            assertTrue(distance(adapted, mixed.get(new NDIndex("0:1"))) < 0.04);
            assertTrue(distance(base, mixed.get(new NDIndex("1:2"))) < 0.04);
            assertTrue(distance(adapted, mixed.get(new NDIndex("2:3"))) < 0.04);
        }
    }

    @ParameterizedTest
    @EnumSource(WeightPrecision.class)
    void everyMatrixOfTheBase_isPacked_andNothingElseIs(WeightPrecision precision)
            throws IOException {
        try (ReferenceCase reference = new ReferenceCase("llama-attention-bias")) {
            for (Parameter parameter : load(reference, precision).getParameters().values()) {
                NDArray array = parameter.getArray();
                boolean matrix = array.getShape().dimension() == 2;
                assertEquals(matrix, array instanceof PackedArray, parameter.getName());
                assertEquals(DataType.FLOAT32, array.getDataType());
            }
        }
    }

    @Test
    void merging_training_andSaving_areRefused_byTheModule() throws IOException {
        try (ReferenceCase reference = new ReferenceCase("llama-all-linear")) {
            LlamaForCausalLM model = load(reference, WeightPrecision.INT8);
            LoraException saved =
                    assertThrows(
                            LoraException.class,
                            () ->
                                    BaseCheckpoint.save(
                                            folder.resolve("copy"),
                                            model,
                                            LlamaForCausalLMLora::visit,
                                            Map.of("config.json", "{}"),
                                            ExportOptions.defaults()));
            assertEquals("LoraPackedBase", saved.code());
            LoraModel lora = LlamaForCausalLMLora.wrap(model);
            lora.load("first", reference.adapter());
            Routing first = Routing.of("first");
            LoraException merged = assertThrows(LoraException.class, () -> lora.merge(first));
            assertEquals("LoraPackedBase", merged.code());
            assertTrue(merged.getMessage().contains("model.embed_tokens"), merged.getMessage());
            LoraException trained =
                    assertThrows(
                            LoraException.class,
                            () ->
                                    lora.routed(first)
                                            .forward(reference.store(), reference.input(), true));
            assertEquals("LoraPackedBase", trained.code());
            assertTrue(trained.getMessage().contains("INT8"), trained.getMessage());
        }
    }

    @Test
    void passes_leaveNoArrays_andDifferInNoBit() throws IOException {
        try (ReferenceCase reference = new ReferenceCase("llama-dora")) {
            LoraModel lora = wrap(reference, WeightPrecision.INT8);
            lora.load("first", reference.adapter());
            float[] once = null;
            for (int i = 0; i < 3; i++) {
                int before = reference.manager().getManagedArrays().size();
                try (NDManager pass = reference.manager().newSubManager()) {
                    NDArray ids = reference.input().head().duplicate();
                    ids.attach(pass);
                    float[] logits =
                            lora.forward(
                                            new ParameterStore(pass, false),
                                            new NDList(ids),
                                            Routing.of("first"))
                                    .singletonOrThrow()
                                    .toFloatArray();
                    if (once != null) {
                        assertEquals(List.of(once[0], once[9]), List.of(logits[0], logits[9]));
                    }
                    once = logits;
                }
                int added = reference.manager().getManagedArrays().size() - before;
                assertTrue(added <= 1, "arrays: " + added); // the input that was read
            }
        }
    }

    @Test
    void options_thatContradict_areRefused() {
        LoadOptions packed = LoadOptions.defaults().withWeights(WeightPrecision.BF16);
        assertThrows(IllegalArgumentException.class, packed::trainable);
        assertThrows(IllegalArgumentException.class, () -> packed.withDataType(DataType.FLOAT16));
        LoadOptions trainable = LoadOptions.defaults().trainable();
        assertThrows(
                IllegalArgumentException.class, () -> trainable.withWeights(WeightPrecision.BF16));
    }
}
