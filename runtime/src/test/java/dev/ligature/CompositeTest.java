package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.resolve.PlanResolver;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PlanWarning;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Modules that are sequences of blocks, compared with numbers worked by hand. */
final class CompositeTest extends ToyTest {
    private static final Routing A = Routing.of("a");

    @TempDir private Path folder;

    private LoraModel wrap(boolean tied) {
        return LoraModel.wrap(Composite.create(tied, manager), Composite::visit);
    }

    private NDArray forward(LoraModel lora, Routing routing) {
        return lora.forward(store, ids(), routing).singletonOrThrow();
    }

    private static double[][] table(LoraModel lora) {
        return Numbers.matrix(parameter(lora, "01embed_weight").getArray());
    }

    private static double[][] inner(LoraModel lora, String name) {
        return Numbers.matrix(Composite.inner(lora, name));
    }

    private static double[][] copy(AdapterState adapter, String name) {
        return Numbers.matrix(adapter.parameters().get(name).getArray());
    }

    private void assertMerges(LoraModel lora, double[][] logits) {
        try (MergedModel merged = lora.merge(A)) {
            Numbers.assertClose(
                    logits, merged.forward(store, ids(), false).singletonOrThrow(), 1e-5);
        }
    }

    /** What an adapter does to the embedding, whose weight the head in the sequence reads. */
    private enum Change {
        PAIR,
        COPY,
        ROWS;

        LoraConfig config() {
            LoraConfig.Builder config = LoraConfig.builder().optRank(2).optLoraAlpha(3);
            return switch (this) {
                case PAIR -> config.setTargetModules("embed").build();
                case COPY ->
                        config.optTargetParameters("out.0.weight")
                                .optModulesToSave("embed")
                                .build();
                case ROWS ->
                        config.optTargetParameters("out.0.weight")
                                .optTrainableTokenIndices(5, 3)
                                .build();
            };
        }

        double[][] of(double[][] table, AdapterState adapter) {
            return switch (this) {
                case PAIR -> plusPair(table, adapter.pairs().get(0));
                case COPY -> copy(adapter, "embed.weight");
                case ROWS -> {
                    double[][] changed = table.clone();
                    double[][] rows = copy(adapter, "embed.trainable_tokens");
                    changed[5] = rows[0];
                    changed[3] = rows[1];
                    yield changed;
                }
            };
        }
    }

    private static double[][] plusPair(double[][] w, FactorPair pair) {
        return Numbers.plusDelta(
                w,
                1.5,
                Numbers.matrix(pair.loraB().getArray()),
                Numbers.matrix(pair.loraA().getArray()));
    }

    @ParameterizedTest
    @EnumSource
    void aHeadInsideASequence_readsTheWeightThatAnotherModuleIsAdaptedIn(Change change) {
        LoraModel lora = wrap(true);
        double[][] base = inner(lora, "0.weight");
        double[] bias = inner(lora, "0.bias")[0];
        AdapterState adapter = (AdapterState) lora.create("a", change.config());
        scramble(adapter, 1);
        double[][] w = change == Change.PAIR ? base : plusPair(base, adapter.pairs().get(0));
        double[][] table = change.of(table(lora), adapter);
        double[][] logits = Composite.logits(table, w, bias, table);
        for (int pass = 0; pass < 2; pass++) { // the first one takes notes
            Numbers.assertClose(logits, forward(lora, A), 1e-5);
        }
        assertMerges(lora, logits);
        Numbers.assertClose(
                Composite.logits(table(lora), base, bias, table(lora)),
                forward(lora, Routing.none()),
                1e-5);
    }

    @Test
    void aSequenceWithATargetOfItsOwn_stillReadsWhatAnotherModuleIsAdaptedIn() throws IOException {
        LoraModel lora = wrap(true);
        double[] bias = inner(lora, "0.bias")[0];
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a", config("embed").optTargetParameters("out.0.weight").build());
        scramble(adapter, 2);
        double[][] table = Change.PAIR.of(table(lora), adapter);
        double[][] w = plusPair(inner(lora, "0.weight"), adapter.pairs().get(1));
        double[][] logits = Composite.logits(table, w, bias, table);
        for (int pass = 0; pass < 2; pass++) {
            Numbers.assertClose(logits, forward(lora, A), 1e-5);
        }
        assertMerges(lora, logits);
        lora.save("a", folder.resolve("a"));
        lora.load("b", folder.resolve("a"));
        Routing halves = Routing.weighted(Map.of("a", 0.5, "b", 0.5));
        Numbers.assertClose(logits, forward(lora, halves), 1e-5);
    }

    @Test
    void rowsThatDisagree_areRefusedInsideASequence() {
        LoraModel lora = wrap(true);
        scramble((AdapterState) lora.create("a", config("embed").build()), 3);
        LoraModelTest.assertCode(
                "LoraRowsDisagree", () -> forward(lora, Routing.rows("a", Routing.BASE)));
        Numbers.assertClose(
                Numbers.matrix(forward(lora, A)), forward(lora, Routing.rows("a", "a")), 1e-6);
    }

    @Test
    void gradientsOfTheHeadInsideASequence_reachTheEmbeddingsPair() {
        LoraModel lora = wrap(true);
        AdapterState adapter = (AdapterState) lora.create("a", config("embed").build());
        scramble(adapter, 4);
        double[][] a = Numbers.matrix(adapter.pairs().get(0).loraA().getArray());
        double[][] b = Numbers.matrix(adapter.pairs().get(0).loraB().getArray());
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            collector.backward(lora.routed(A).forward(store, ids(), true).head().sum());
        }
        double[][] gradient;
        try (NDArray found = adapter.pairs().get(0).loraB().getArray().getGradient()) {
            gradient = Numbers.matrix(found);
        }
        double step = 1e-6;
        for (int row : new int[] {2, 3}) { // token 2 is in no input: only the head reads it
            double[][] more = Arrays.stream(b).map(double[]::clone).toArray(double[][]::new);
            more[row][1] += step;
            double slope = (sum(lora, a, more) - sum(lora, a, b)) / step;
            assertEquals(slope, gradient[row][1], 1e-4 * (1 + Math.abs(slope)));
            assertTrue(Math.abs(slope) > 1e-3, "row " + row);
        }
    }

    private static double sum(LoraModel lora, double[][] a, double[][] b) {
        double[][] table = Numbers.plusDelta(table(lora), 1.5, b, a);
        double[][] logits =
                Composite.logits(table, inner(lora, "0.weight"), inner(lora, "0.bias")[0], table);
        return Arrays.stream(logits).flatMapToDouble(Arrays::stream).sum();
    }

    @Test
    void aSavedSequence_isCopiedPartByPart() throws IOException {
        LoraModel lora = wrap(false);
        float[] before = forward(lora, Routing.none()).toFloatArray();
        AdapterState adapter =
                (AdapterState) lora.create("a", config("embed").optModulesToSave("out").build());
        assertEquals(
                List.of(
                        "embed.lora_A",
                        "embed.lora_B",
                        "out.0.weight",
                        "out.0.bias",
                        "out.2.weight"),
                adapter.parameters().keys());
        assertArrayEquals(before, forward(lora, A).toFloatArray());
        scramble(adapter, 5);
        double[][] logits =
                Composite.logits(
                        Change.PAIR.of(table(lora), adapter),
                        copy(adapter, "out.0.weight"),
                        copy(adapter, "out.0.bias")[0],
                        copy(adapter, "out.2.weight"));
        for (int pass = 0; pass < 2; pass++) {
            Numbers.assertClose(logits, forward(lora, A), 1e-5);
        }
        assertMerges(lora, logits);
        try (MergedModel merged = lora.merge(A)) {
            assertEquals(
                    Set.of("embed.weight", "out.0.weight", "out.0.bias", "out.2.weight"),
                    merged.weights.tensors().keySet());
        }
        lora.save("a", folder.resolve("a"));
        try (SafetensorsReader file =
                SafetensorsReader.open(folder.resolve("a").resolve("adapter_model.safetensors"))) {
            assertEquals(
                    Set.of(
                            "base_model.model.embed.lora_embedding_A",
                            "base_model.model.embed.lora_embedding_B",
                            "base_model.model.out.0.weight",
                            "base_model.model.out.0.bias",
                            "base_model.model.out.2.weight"),
                    file.tensors().keySet());
        }
        lora.load("b", folder.resolve("a"));
        Numbers.assertClose(logits, forward(lora, Routing.of("b")), 1e-5);
        assertArrayEquals(before, forward(lora, Routing.none()).toFloatArray());
    }

    /** A step of gradient descent on the sum of the logits, against the chain rule by hand. */
    @Test
    void aSavedSequence_isTrained() {
        LoraModel lora = wrap(false);
        AdapterState adapter =
                (AdapterState) lora.create("a", config("embed").optModulesToSave("out").build());
        scramble(adapter, 6);
        double[][] x = Numbers.rows(Change.PAIR.of(table(lora), adapter), IDS);
        double[][] w = copy(adapter, "out.0.weight");
        double[] bias = copy(adapter, "out.0.bias")[0];
        double[][] head = copy(adapter, "out.2.weight");
        double[][] z = Numbers.linear(x, w, bias);
        double[][] byW = new double[4][4];
        double[][] byBias = new double[1][4];
        double[][] byHead = new double[7][4];
        for (int n = 0; n < x.length; n++) {
            for (int o = 0; o < 4; o++) {
                if (z[n][o] <= 0) {
                    continue;
                }
                double up = 0;
                for (int v = 0; v < 7; v++) {
                    byHead[v][o] += z[n][o];
                    up += head[v][o];
                }
                byBias[0][o] += up;
                for (int i = 0; i < 4; i++) {
                    byW[o][i] += up * x[n][i];
                }
            }
        }
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            collector.backward(lora.routed(A).forward(store, ids(), true).head().sum());
        }
        assertGradient(byW, adapter, "out.0.weight");
        assertGradient(byBias, adapter, "out.0.bias");
        assertGradient(byHead, adapter, "out.2.weight");
    }

    private static void assertGradient(double[][] expected, AdapterState adapter, String name) {
        try (NDArray found = adapter.parameters().get(name).getArray().getGradient()) {
            Numbers.assertClose(expected, found, 1e-5);
        }
    }

    /** A block of two layers that leaves out the second. */
    private static final class HalfUsed extends AbstractBlock {
        private final Block used;
        boolean usesBoth;
        private final Block unused;

        HalfUsed() {
            super((byte) 1);
            used = addChildBlock("used", Linear.builder().setUnits(3).optBias(false).build());
            unused = addChildBlock("unused", Linear.builder().setUnits(3).build());
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            NDList y = used.forward(store, inputs, training, params);
            return usesBoth ? unused.forward(store, y, training, params) : y;
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }

        @Override
        protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
            used.initialize(manager, type, shapes);
            unused.initialize(manager, type, shapes);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aParameterThatIsNeverAskedFor_isAnError(boolean replaced) {
        HalfUsed block = new HalfUsed();
        LoraModel lora =
                LoraModel.wrap(
                        OneLayer.create(
                                block, Map.of(), manager, DataType.FLOAT32, new Shape(2, 3)),
                        OneLayer::visit);
        LoraConfig.Builder config = LoraConfig.builder();
        lora.create(
                "a",
                replaced
                        ? config.optTargetParameters("used.weight").optBias(BiasMode.ALL).build()
                        : config.optTargetParameters("used.weight", "unused.weight").build());
        NDList x = new NDList(manager.ones(new Shape(2, 3)));
        for (int pass = 0; pass < 2; pass++) {
            LoraException error =
                    LoraModelTest.assertCode("LoraNeverReached", () -> lora.forward(store, x, A));
            assertTrue(
                    error.getMessage()
                            .contains("adapts layer.unused." + (replaced ? "bias," : "weight,")),
                    "" + error);
        }
        block.usesBoth = true;
        lora.forward(store, x, A);
        block.usesBoth = false;
        lora.forward(store, x, A); // looked at once
    }

    @Test
    void allLinear_namesTheMatricesInsideBlocks_thatItLeavesOut() {
        List<ModelLayout.Module> modules = new ArrayList<>(wrap(false).layout().modules());
        modules.addAll(wrapToy(false).layout().modules().subList(1, 3)); // proj, head: linear
        ModelLayout layout = new ModelLayout(modules, List.of());
        LoraConfig.Builder config = LoraConfig.builder().setAllLinear();
        assertEquals(
                List.of(
                        "[LoraAllLinearInside] target_modules is all-linear, which adapts annotated"
                                + " modules, and leaves out the matrices inside other blocks:"
                                + " out.0.weight, out.2.weight. Name those to adapt in"
                                + " target_parameters (optTargetParameters)."),
                warnings(config, layout));
        assertEquals(1, warnings(config.optTargetParameters("out.0.weight"), layout).size());
        assertEquals(
                List.of(),
                warnings(config.optTargetParameters("out.0.weight", "out.2.weight"), layout));
        LoraConfig.Builder without = LoraConfig.builder().setAllLinear().optExcludeModules("out");
        assertEquals(List.of(), warnings(without, layout));
    }

    private static List<String> warnings(LoraConfig.Builder config, ModelLayout layout) {
        return PlanResolver.resolve(config.build(), layout).warnings().stream()
                .map(PlanWarning::toString)
                .toList();
    }

    @Test
    void aTargetedComposite_saysHowItsMatricesAreAdapted() {
        LoraException error =
                LoraModelTest.assertCode(
                        "LoraModuleUnsupported", () -> wrap(false).plan(config("out").build()));
        assertTrue(
                error.getMessage()
                        .contains(
                                "target_parameters (optTargetParameters): out.0.weight,"
                                        + " out.2.weight."),
                error.getMessage());
    }
}
