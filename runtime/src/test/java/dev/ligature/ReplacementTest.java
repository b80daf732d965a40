package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import dev.ligature.config.BiasMode;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole copies, token rows and biases on a toy model, compared with numbers worked by hand. */
final class ReplacementTest extends ToyTest {
    private static final Routing A = Routing.of("a");

    @TempDir Path folder;

    /** The weights of a toy model as plain numbers. */
    private static final class Weights {
        final double[][] embed;
        final double[][] proj;
        final double[] projBias;
        final double[][] head;
        final double[] headBias;

        Weights(
                double[][] embed,
                double[][] proj,
                double[] projBias,
                double[][] head,
                double[] headBias) {
            this.embed = embed;
            this.proj = proj;
            this.projBias = projBias;
            this.head = head;
            this.headBias = headBias;
        }

        double[][] logits() {
            double[][] mixed = Numbers.linear(Numbers.rows(embed, IDS), proj, projBias);
            return Numbers.linear(mixed, head, headBias);
        }
    }

    private LoraModel wrap(boolean tied, DataType type) {
        return LoraModel.wrap(
                ToyModel.create(new ToyModel(tied, true), manager, type), ToyModel::visit);
    }

    private static Weights base(LoraModel lora) {
        boolean tied = ((ToyModel) lora.base()).tied;
        double[][] embed = Numbers.matrix(parameter(lora, "01embed_weight").getArray());
        return new Weights(
                embed,
                Numbers.matrix(parameter(lora, "02proj_weight").getArray()),
                Numbers.matrix(parameter(lora, "02proj_bias").getArray())[0],
                tied ? embed : Numbers.matrix(parameter(lora, "03head_weight").getArray()),
                Numbers.matrix(parameter(lora, "03head_bias").getArray())[0]);
    }

    private static double[][] copy(AdapterState adapter, String name) {
        return Numbers.matrix(adapter.parameters().get(name).getArray());
    }

    private static double[][] withRows(double[][] table, int[] indices, double[][] rows) {
        double[][] changed = table.clone();
        for (int i = 0; i < indices.length; i++) {
            changed[indices[i]] = rows[i];
        }
        return changed;
    }

    private static LoraConfig.Builder saved(String... modules) {
        return config("proj").optModulesToSave(modules);
    }

    private NDArray forward(LoraModel lora, Routing routing) {
        return lora.forward(store, ids(), routing).singletonOrThrow();
    }

    private void assertMerges(LoraModel lora, double[][] logits, double epsilon) {
        try (MergedModel merged = lora.merge(A, MergeOptions.SAFE)) {
            Numbers.assertClose(
                    logits, merged.forward(store, ids(), false).singletonOrThrow(), epsilon);
        }
    }

    /** Returns W + ΔW of the projection, the only module with a pair here. */
    private static double[][] proj(LoraModel lora, AdapterState adapter) {
        FactorPair pair = adapter.pairs().get(0);
        return Numbers.plusDelta(
                base(lora).proj,
                pair.plan().scaling(),
                Numbers.matrix(pair.loraB().getArray()),
                Numbers.matrix(pair.loraA().getArray()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"embed", "head"})
    @Tag("D17")
    void aSavedModuleOfATie_isOneCopyForBothReaders_withTheHeadsOwnBias(String module) {
        LoraModel lora = wrap(true, DataType.FLOAT32);
        AdapterState adapter =
                (AdapterState) lora.create("a", saved(module).optEnsureWeightTying(true).build());
        assertArrayEquals(
                forward(lora, Routing.none()).toFloatArray(), forward(lora, A).toFloatArray());
        scramble(adapter, 1);

        assertEquals(
                List.of("proj.lora_A", "proj.lora_B", "embed.weight", "head.bias"),
                adapter.parameters().keys());
        double[][] table = copy(adapter, "embed.weight");
        Weights b = base(lora);
        double[][] logits =
                new Weights(
                                table,
                                proj(lora, adapter),
                                b.projBias,
                                table,
                                copy(adapter, "head.bias")[0])
                        .logits();
        Numbers.assertClose(logits, forward(lora, A), 1e-5);
        assertMerges(lora, logits, 1e-5);
        try (MergedModel merged = lora.merge(A)) {
            assertEquals(
                    Set.of("embed.weight", "proj.weight", "head.weight", "head.bias"),
                    merged.weights.tensors().keySet());
            assertSame(
                    merged.weights.tensors().get("embed.weight"),
                    merged.weights.tensors().get("head.weight"));
        }
        Numbers.assertClose(b.logits(), forward(lora, Routing.none()), 1e-5);
    }

    @Test
    void withTheFlagOff_theNamedReaderAloneHasACopy_andMergingIsRefused() {
        LoraModel lora = wrap(true, DataType.FLOAT32);
        AdapterState adapter = (AdapterState) lora.create("a", saved("head").build());
        scramble(adapter, 2);
        Weights b = base(lora);
        Numbers.assertClose(
                new Weights(
                                b.embed,
                                proj(lora, adapter),
                                b.projBias,
                                copy(adapter, "head.weight"),
                                copy(adapter, "head.bias")[0])
                        .logits(),
                forward(lora, A),
                1e-5);
        LoraException error =
                LoraModelTest.assertCode("LoraTieTreatedDifferently", () -> lora.merge(A));
        assertTrue(
                error.getMessage().contains("embed (not adapted), head (a copy of its own)"),
                error.getMessage());
        assertTrue(error.getMessage().contains("untie the base"), error.getMessage());
    }

    @Test
    void tokenRows_standInPlaceOfTheBasesRows_inEmbeddingAndTiedHead() {
        LoraModel lora = wrap(true, DataType.FLOAT32);
        AdapterState adapter =
                (AdapterState)
                        lora.create("a", config("proj").optTrainableTokenIndices(5, 3, 6).build());
        Numbers.assertClose(base(lora).logits(), forward(lora, A), 1e-6);
        scramble(adapter, 3);

        Weights b = base(lora);
        double[][] table =
                withRows(b.embed, new int[] {5, 3, 6}, copy(adapter, "embed.trainable_tokens"));
        double[][] logits =
                new Weights(table, proj(lora, adapter), b.projBias, table, b.headBias).logits();
        Numbers.assertClose(logits, forward(lora, A), 1e-5);
        assertMerges(lora, logits, 1e-5);
        NDList narrow = new NDList(ids().head().toType(DataType.INT32, false));
        Numbers.assertClose(logits, lora.forward(store, narrow, A).singletonOrThrow(), 1e-5);
    }

    @Test
    void tokenRowsOfOneReader_leaveTheOtherAlone() {
        LoraModel tied = wrap(true, DataType.FLOAT32);
        AdapterState head =
                (AdapterState)
                        tied.create(
                                "a",
                                config("proj")
                                        .optTrainableTokenIndices(Map.of("head", List.of(1, 2)))
                                        .build());
        scramble(head, 4);
        Weights b = base(tied);
        double[][] rows = withRows(b.embed, new int[] {1, 2}, copy(head, "head.trainable_tokens"));
        Numbers.assertClose(
                new Weights(b.embed, proj(tied, head), b.projBias, rows, b.headBias).logits(),
                forward(tied, A),
                1e-5);
        LoraModelTest.assertCode("LoraTieTreatedDifferently", () -> tied.merge(A));

        LoraModel untied = wrap(false, DataType.FLOAT32);
        AdapterState embed =
                (AdapterState)
                        untied.create("a", config("proj").optTrainableTokenIndices(0).build());
        scramble(embed, 5);
        Weights c = base(untied);
        double[][] table = withRows(c.embed, new int[] {0}, copy(embed, "embed.trainable_tokens"));
        double[][] logits =
                new Weights(table, proj(untied, embed), c.projBias, c.head, c.headBias).logits();
        Numbers.assertClose(logits, forward(untied, A), 1e-5);
        assertMerges(untied, logits, 1e-5);
    }

    @Test
    void biases_areCopiesOfTheirOwn() {
        LoraModel lora = wrap(true, DataType.FLOAT32);
        AdapterState all =
                (AdapterState) lora.create("a", config("proj").optBias(BiasMode.ALL).build());
        assertEquals(
                List.of("proj.lora_A", "proj.lora_B", "proj.bias", "head.bias"),
                all.parameters().keys());
        scramble(all, 6);
        Weights b = base(lora);
        double[][] logits =
                new Weights(
                                b.embed,
                                proj(lora, all),
                                copy(all, "proj.bias")[0],
                                b.embed,
                                copy(all, "head.bias")[0])
                        .logits();
        Numbers.assertClose(logits, forward(lora, A), 1e-5);
        assertMerges(lora, logits, 1e-5);
        AdapterState own =
                (AdapterState) lora.create("b", config("proj").optBias(BiasMode.LORA_ONLY).build());
        assertEquals(List.of("proj.lora_A", "proj.lora_B", "proj.bias"), own.parameters().keys());
    }

    @Test
    void biasAndTokenRowsOnTheHead_workTogether() {
        LoraModel lora = wrap(true, DataType.FLOAT32);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a",
                                config("proj")
                                        .optBias(BiasMode.ALL)
                                        .optTrainableTokenIndices(2, 3)
                                        .build());
        scramble(adapter, 7);
        Weights b = base(lora);
        double[][] table =
                withRows(b.embed, new int[] {2, 3}, copy(adapter, "embed.trainable_tokens"));
        double[][] logits =
                new Weights(
                                table,
                                proj(lora, adapter),
                                copy(adapter, "proj.bias")[0],
                                table,
                                copy(adapter, "head.bias")[0])
                        .logits();
        Numbers.assertClose(logits, forward(lora, A), 1e-5);
        assertMerges(lora, logits, 1e-5);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aReaderPastItsField_getsTheCopyOrTheRows(boolean rows) {
        LoraModel lora = wrapToy(true);
        ((ToyModel) lora.base()).headPastItsField = true;
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a",
                                rows
                                        ? config("proj").optTrainableTokenIndices(4, 5).build()
                                        : saved("embed").optEnsureWeightTying(true).build());
        scramble(adapter, 8);
        double[][] base = Numbers.matrix(parameter(lora, "01embed_weight").getArray());
        double[][] table =
                rows
                        ? withRows(base, new int[] {4, 5}, copy(adapter, "embed.trainable_tokens"))
                        : copy(adapter, "embed.weight");
        double[] bias = Numbers.matrix(parameter(lora, "02proj_bias").getArray())[0];
        FactorPair pair = adapter.pairs().get(0);
        double[][] w =
                Numbers.plusDelta(
                        Numbers.matrix(parameter(lora, "02proj_weight").getArray()),
                        pair.plan().scaling(),
                        Numbers.matrix(pair.loraB().getArray()),
                        Numbers.matrix(pair.loraA().getArray()));
        double[][] logits = new Weights(table, w, bias, table, new double[0]).logits();
        Numbers.assertClose(logits, forward(lora, A), 1e-5);
        assertGradients(lora, adapter, 1);
    }

    @Test
    void gradientsReachCopiesThroughAllReaders() {
        LoraModel lora = wrap(true, DataType.FLOAT32);
        AdapterState adapter =
                (AdapterState) lora.create("a", saved("embed").optEnsureWeightTying(true).build());
        scramble(adapter, 9);
        assertGradients(lora, adapter, 2);
    }

    @Test
    void gradientsReachTokenRowsThroughAllReaders_andBiases() {
        LoraModel lora = wrap(true, DataType.FLOAT32);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a",
                                config("proj")
                                        .optBias(BiasMode.ALL)
                                        .optTrainableTokenIndices(3, 4, 6)
                                        .build());
        scramble(adapter, 10);
        assertGradients(lora, adapter, 3);
    }

    /**
     * Compares the gradient of the sum of squares with central differences of the forward pass that
     * serves, which other tests compare with numbers worked by hand.
     */
    private void assertGradients(LoraModel lora, AdapterState adapter, int from) {
        Block routed = lora.routed(A);
        System.gc(); // buffers of Java that autograd still had the address of would be gone
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray logits = routed.forward(store, ids(), true).singletonOrThrow();
            System.gc();
            collector.backward(logits.square().sum());
        }
        for (Parameter parameter : adapter.parameters().values()) {
            NDArray array = parameter.getArray();
            float[] gradient;
            try (NDArray g = array.getGradient()) {
                gradient = g.toFloatArray();
            }
            float[] values = array.toFloatArray();
            for (int i = 0; i < values.length; i++) {
                double step = 1e-2;
                double up = sumOfSquares(lora, array, values, i, step);
                double down = sumOfSquares(lora, array, values, i, -step);
                double expected = (up - down) / (2 * step);
                assertEquals(
                        expected,
                        gradient[i],
                        5e-3 * (1 + Math.abs(expected)),
                        parameter.getName() + "[" + i + "] of case " + from);
            }
        }
    }

    private double sumOfSquares(LoraModel lora, NDArray array, float[] values, int at, double by) {
        float[] moved = values.clone();
        moved[at] += (float) by;
        set(array, moved);
        double sum = 0;
        for (float logit : forward(lora, A).toFloatArray()) {
            sum += (double) logit * logit;
        }
        set(array, values);
        return sum;
    }

    private void set(NDArray array, float[] values) {
        try (NDArray alias = array.stopGradient();
                NDArray given = manager.create(values, array.getShape())) {
            alias.set(new ai.djl.ndarray.index.NDIndex(":"), given);
        }
    }

    @Test
    void training_movesRowsCopiesAndBiases_andLeavesTheBaseBitForBit() {
        LoraModel lora = wrap(true, DataType.FLOAT32);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a",
                                config("proj")
                                        .optBias(BiasMode.ALL)
                                        .optTrainableTokenIndices(3, 5)
                                        .build());
        double[] before = flat(base(lora));
        float[] rows = adapter.parameters().get("embed.trainable_tokens").getArray().toFloatArray();
        TrainingConfig config =
                TrainingConfig.builder()
                        .optOptimizer(OptimizerKind.ADAMW)
                        .optLearningRate(0.01)
                        .optWeightDecay(0)
                        .build();
        try (TrainingLoop loop = TrainingLoop.over(lora.routed(A), manager, config)) {
            loop.step(ids().head());
        }
        assertArrayEquals(before, flat(base(lora)));
        float[] after =
                adapter.parameters().get("embed.trainable_tokens").getArray().toFloatArray();
        for (int i = 0; i < rows.length; i++) {
            // One parameter, one step: the rate, in the direction of the sum over both readers.
            assertEquals(0.01, Math.abs(after[i] - rows[i]), 1e-5);
        }
    }

    private static double[] flat(Weights weights) {
        return java.util.stream.Stream.of(
                        weights.embed,
                        weights.proj,
                        weights.head,
                        new double[][] {weights.headBias})
                .flatMap(java.util.Arrays::stream)
                .flatMapToDouble(java.util.Arrays::stream)
                .toArray();
    }

    @Test
    void aSavedAdapter_loadsBitForBit() throws IOException {
        LoraModel lora = wrap(true, DataType.FLOAT32);
        Map<String, LoraConfig> configs = new LinkedHashMap<>();
        configs.put("copy", saved("head", "proj").setTargetModules("embed").build());
        configs.put("tied", saved("head").optEnsureWeightTying(true).build());
        configs.put("bias", config("proj").optBias(BiasMode.ALL).build());
        configs.put(
                "rows",
                config("proj").optBias(BiasMode.ALL).optTrainableTokenIndices(6, 2, 3).build());
        configs.put(
                "head-rows",
                config("proj").optTrainableTokenIndices(Map.of("head", List.of(1))).build());
        for (Map.Entry<String, LoraConfig> entry : configs.entrySet()) {
            AdapterState adapter = (AdapterState) lora.create(entry.getKey(), entry.getValue());
            scramble(adapter, 11);
            lora.save(entry.getKey(), folder.resolve(entry.getKey()));
            AdapterState loaded =
                    (AdapterState)
                            lora.load("loaded-" + entry.getKey(), folder.resolve(entry.getKey()));
            assertEquals(adapter.parameters().keys(), loaded.parameters().keys(), entry.getKey());
            for (String name : adapter.parameters().keys()) {
                assertArrayEquals(
                        adapter.parameters().get(name).getArray().toFloatArray(),
                        loaded.parameters().get(name).getArray().toFloatArray(),
                        name);
            }
        }
    }

    @Test
    void aHalfBase_isServedInItsOwnDataType() {
        LoraModel lora = wrap(true, DataType.FLOAT16);
        AdapterState rows =
                (AdapterState)
                        lora.create("a", config("proj").optTrainableTokenIndices(3, 5).build());
        scramble(rows, 12);
        Weights b = base(lora);
        double[][] table =
                withRows(b.embed, new int[] {3, 5}, copy(rows, "embed.trainable_tokens"));
        NDArray logits = forward(lora, A);
        assertEquals(DataType.FLOAT16, logits.getDataType());
        assertEquals(
                DataType.FLOAT32, rows.tokenRows().get(0).parameter().getArray().getDataType());
        double[][] expected =
                new Weights(table, proj(lora, rows), b.projBias, table, b.headBias).logits();
        Numbers.assertClose(expected, logits, 4e-3);
        lora.remove("a");
        AdapterState copies =
                (AdapterState) lora.create("a", saved("embed").optEnsureWeightTying(true).build());
        scramble(copies, 13);
        double[][] copy = copy(copies, "embed.weight");
        Numbers.assertClose(
                new Weights(
                                copy,
                                proj(lora, copies),
                                b.projBias,
                                copy,
                                copy(copies, "head.bias")[0])
                        .logits(),
                forward(lora, A),
                4e-3);
    }

    @Test
    void anAdapterThatReplaces_isSummedWithOthersThatAdd_andWithNoneThatReplaces() {
        LoraModel lora = wrap(true, DataType.FLOAT32);
        AdapterState rows =
                (AdapterState)
                        lora.create("a", config("proj").optTrainableTokenIndices(3, 5).build());
        AdapterState pair =
                (AdapterState) lora.create("b", config("embed").optEnsureWeightTying(true).build());
        lora.create("c", config("proj").optBias(BiasMode.ALL).build());
        scramble(rows, 14);
        scramble(pair, 15);
        Map<String, Double> weights = new LinkedHashMap<>();
        weights.put("b", 0.5);
        weights.put("a", 1.0);
        Weights b = base(lora);
        FactorPair onTable = pair.pairs().get(0);
        double[][] table =
                Numbers.plusDelta(
                        withRows(b.embed, new int[] {3, 5}, copy(rows, "embed.trainable_tokens")),
                        0.5 * onTable.plan().scaling(),
                        Numbers.matrix(onTable.loraB().getArray()),
                        Numbers.matrix(onTable.loraA().getArray()));
        double[][] logits =
                new Weights(table, proj(lora, rows), b.projBias, table, b.headBias).logits();
        Routing both = Routing.weighted(weights);
        Numbers.assertClose(logits, forward(lora, both), 1e-5);
        try (MergedModel merged = lora.merge(both)) {
            Numbers.assertClose(
                    logits, merged.forward(store, ids(), false).singletonOrThrow(), 1e-5);
        }
        weights.put("c", 1.0);
        LoraException error =
                LoraModelTest.assertCode(
                        "LoraReplacedTwice", () -> lora.routed(Routing.weighted(weights)));
        assertTrue(error.getMessage().contains("a and c"), error.getMessage());
    }

    @Test
    void rowsOfABatch_mayReplaceDifferentThings() {
        LoraModel lora = wrap(true, DataType.FLOAT32);
        scramble(
                (AdapterState)
                        lora.create("a", config("proj").optTrainableTokenIndices(3, 5).build()),
                16);
        scramble(
                (AdapterState) lora.create("b", saved("head").optEnsureWeightTying(true).build()),
                17);
        NDList batch = new NDList(manager.create(IDS, new Shape(3, 2)));
        NDArray mixed =
                lora.forward(store, batch, Routing.rows("a", Routing.BASE, "b")).singletonOrThrow();
        String[] names = {"a", "", "b"};
        for (int row = 0; row < 3; row++) {
            Routing alone = names[row].isEmpty() ? Routing.none() : Routing.of(names[row]);
            NDArray expected = lora.forward(store, batch, alone).singletonOrThrow();
            Numbers.assertClose(Numbers.matrix(expected.get(row)), mixed.get(row), 1e-6);
        }
    }

    @Test
    void servingAndTraining_leaveNoArrays() {
        LoraModel lora = wrap(true, DataType.FLOAT32);
        lora.create(
                "a", config("proj").optBias(BiasMode.ALL).optTrainableTokenIndices(3, 5).build());
        lora.create("b", saved("embed").optEnsureWeightTying(true).build());
        TrainingConfig config = TrainingConfig.builder().build();
        for (String name : List.of("a", "b")) {
            Routing routing = Routing.of(name);
            NDList ids = ids();
            int[] counts = new int[2];
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < 20; i++) {
                    try (var request = manager.newSubManager()) {
                        NDList in = new NDList(request.create(IDS, new Shape(2, 3)));
                        lora.forward(store, in, routing);
                    }
                }
                try (TrainingLoop loop = TrainingLoop.over(lora.routed(routing), manager, config)) {
                    for (int i = 0; i < 5; i++) {
                        loop.step(ids.head());
                    }
                }
                counts[round] = live((AdapterState) lora.adapter(name));
            }
            assertEquals(counts[0], counts[1], name);
        }
    }

    private static int live(AdapterState adapter) {
        return adapter.parameters().valueAt(0).getArray().getManager().getManagedArrays().size();
    }
}
