package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.Role;
import dev.ligature.block.AdaptableBlock;
import dev.ligature.checkpoint.AdapterConfigJson;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.model.ModelTensors;
import dev.ligature.internal.model.ModelTensors.NamedParameter;
import dev.ligature.internal.peft.AdapterDirectory;
import dev.ligature.internal.slot.SlotBlock;
import dev.ligature.internal.slot.SlotParameter;
import dev.ligature.plan.ModuleKind;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.PlanWarning;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Blocks of a user's, which say how they read and store their weights. {@link LayerNumbersTest} has
 * PEFT's numbers of single ones; here models of both storages must agree in all else.
 */
final class AdaptableBlockTest extends ToyTest {
    @TempDir private Path folder;

    private LoraModel ordinary;
    private LoraModel transposed;

    @BeforeEach
    void wrap() {
        ordinary = wrap(StoredModel.create(false, manager));
        transposed = wrap(StoredModel.create(true, manager));
    }

    private static LoraModel wrap(StoredModel model) {
        return LoraModel.wrap(model, StoredModel::visit);
    }

    private static StoredModel model(LoraModel lora) {
        return (StoredModel) lora.base();
    }

    private static AdaptableBlock block(Block field) {
        return (AdaptableBlock) ((SlotBlock) field).base();
    }

    /** Gives both models the same adapter, by way of its files. */
    private void both(String name, LoraConfig.Builder config) throws IOException {
        int salt = name.hashCode() % 1000;
        scramble((AdapterState) ordinary.create(name, config.build()), salt);
        ordinary.save(name, folder.resolve(name));
        transposed.load(name, folder.resolve(name));
    }

    private NDArray forward(LoraModel lora, Routing routing) {
        return lora.forward(store, ids(), routing).singletonOrThrow();
    }

    private void assertSameOutputs(Routing routing) {
        Numbers.assertClose(
                Numbers.matrix(forward(ordinary, routing)), forward(transposed, routing), 1e-5);
    }

    @Test
    void theBases_haveTheSameOutputs() {
        assertSameOutputs(Routing.none());
        assertEquals(
                new Shape(StoredModel.D, StoredModel.H),
                block(model(transposed).fc).weight().getArray().getShape());
    }

    @Test
    void adaptersOfEachKind_haveTheSameOutputs_aloneSummedAndMerged() throws IOException {
        both("all", config("embed", "fc", "head"));
        both("dora", config("embed", "fc", "head").optUseDora(true));
        both("bias", config("fc").optLoraBias(true));
        both("olora", config("fc", "head").optInit(LoraInit.OLORA));
        for (String name : List.of("all", "dora", "bias", "olora")) {
            assertSameOutputs(Routing.of(name));
            try (MergedModel ours = ordinary.merge(Routing.of(name));
                    MergedModel theirs = transposed.merge(Routing.of(name))) {
                NDArray y = theirs.forward(store, ids(), false).head();
                Numbers.assertClose(
                        Numbers.matrix(ours.forward(store, ids(), false).head()), y, 1e-5);
                Numbers.assertClose(Numbers.matrix(forward(transposed, Routing.of(name))), y, 1e-5);
                ours.weights
                        .tensors()
                        .forEach(
                                (module, w) ->
                                        Numbers.assertClose(
                                                Numbers.matrix(w.transpose()),
                                                theirs.weights.tensors().get(module),
                                                1e-5));
            }
        }
        assertSameOutputs(Routing.weighted(Map.of("all", 0.5, "bias", 2.0)));
        try (MergedModel ours = ordinary.merge(Routing.weighted(Map.of("all", 0.5, "bias", 2.0)));
                MergedModel theirs =
                        transposed.merge(Routing.weighted(Map.of("all", 0.5, "bias", 2.0)))) {
            Numbers.assertClose(
                    Numbers.matrix(ours.forward(store, ids(), false).head()),
                    theirs.forward(store, ids(), false).head(),
                    1e-5);
        }
    }

    @Test
    void rowsOfOneBatch_useTheirOwnAdapters_inEachWay() throws IOException {
        both("a", config("embed", "fc", "head"));
        both("b", config("fc", "head").optRank(3));
        both("wide", config("fc").optRank(40)); // more ranks than are masked
        both("dora", config("fc").optUseDora(true));
        for (List<String> rows :
                List.of(
                        List.of("a", "b"),
                        List.of("b", Routing.BASE),
                        List.of("wide", "b"),
                        List.of("dora", "a"))) {
            assertSameOutputs(Routing.rows(rows));
            NDArray mixed = forward(transposed, Routing.rows(rows));
            for (int row = 0; row < 2; row++) {
                String name = rows.get(row);
                Routing alone = name.equals(Routing.BASE) ? Routing.none() : Routing.of(name);
                NDArray expected = forward(transposed, alone).get(row);
                Numbers.assertClose(Numbers.matrix(expected), mixed.get(row), 1e-5);
            }
        }
    }

    @Test
    void aWeightThatIsReadPastItsField_isAdaptedAsItIsStored() throws IOException {
        both("a", config("fc"));
        NDArray before = forward(transposed, Routing.of("a"));
        model(ordinary).readsPastTheField = true;
        model(transposed).readsPastTheField = true;
        assertSameOutputs(Routing.of("a"));
        NDArray after = forward(transposed, Routing.of("a"));
        assertTrue(after.sub(before).abs().max().getFloat() > 0.1);
    }

    @Test
    void manyTokens_useTheSum_inEitherStorage() {
        int size = 160;
        double[][] expected = null;
        for (boolean stored : new boolean[] {false, true}) {
            Shape shape = new Shape(1, 4L * size, size);
            NDArray weight =
                    manager.create(Numbers.fill(new Shape(size, size), 3), new Shape(size, size));
            OneLayer model =
                    OneLayer.create(
                            OwnBlock.linear(size, false, stored),
                            Map.of(Parameter.Type.WEIGHT, stored ? weight.transpose() : weight),
                            manager,
                            DataType.FLOAT32,
                            shape);
            LoraModel lora = LoraModel.wrap(model, OneLayer::visit);
            scramble((AdapterState) lora.create("a", config("layer").build()), 3);
            NDArray x = manager.create(Numbers.fill(shape, 4), shape);
            NDArray y = lora.forward(store, new NDList(x), Routing.of("a")).head();
            if (expected != null) {
                Numbers.assertClose(expected, y, 1e-4);
            }
            expected = Numbers.matrix(y);
        }
    }

    @Test
    void aCopyOfAModule_hasTheStoredShape() throws IOException {
        transposed.create("a", config("head").optModulesToSave("fc").build());
        AdapterState adapter = (AdapterState) transposed.adapter("a");
        assertEquals(
                new Shape(StoredModel.D, StoredModel.H), adapter.replaced().get(0).plan().shape());
        scramble(adapter, 4);
        double[][] expected = Numbers.matrix(forward(transposed, Routing.of("a")));
        transposed.save("a", folder.resolve("a"));
        try (SafetensorsReader file =
                SafetensorsReader.open(folder.resolve("a").resolve(AdapterDirectory.WEIGHTS))) {
            assertEquals(
                    new Shape(StoredModel.D, StoredModel.H),
                    file.tensors().get("base_model.model.fc.weight").shape());
        }
        transposed.load("b", folder.resolve("a"));
        Numbers.assertClose(expected, forward(transposed, Routing.of("b")), 1e-6);
    }

    @Test
    void mergingForGood_writesTheStoredWeight() throws IOException {
        both("a", config("embed", "fc", "head"));
        double[][] expected = Numbers.matrix(forward(transposed, Routing.of("a")));
        transposed.mergeAndUnwrap(Routing.of("a"), MergeOptions.SAFE);
        StoredModel base = model(transposed);
        assertEquals(OwnBlock.class, base.fc.getClass());
        Numbers.assertClose(expected, base.forward(store, ids(), false).head(), 1e-5);
    }

    @Test
    void aTiedReaderOfAUsers_readsThePairOfTheOwner_inEitherStorage() {
        double[][] expected = null;
        for (boolean stored : new boolean[] {false, true}) {
            LoraModel lora = wrap(StoredModel.tied(stored, stored, manager));
            LoraConfig config = config("embed").optEnsureWeightTying(true).build();
            AdapterState adapter = (AdapterState) lora.create("a", config);
            assertEquals(List.of("embed", "head"), readers(adapter.plan().pairs().get(0)));
            scramble(adapter, 5);
            double[][] routed = Numbers.matrix(forward(lora, Routing.of("a")));
            try (MergedModel merged = lora.merge(Routing.of("a"))) {
                Numbers.assertClose(routed, merged.forward(store, ids(), false).head(), 1e-5);
                assertSame(
                        merged.weights.tensors().get("embed.weight"),
                        merged.weights.tensors().get("head.weight"));
            }
            if (expected != null) {
                Numbers.assertClose(expected, forward(lora, Routing.of("a")), 1e-5);
            }
            expected = routed;
        }
    }

    private static List<String> readers(PairPlan pair) {
        return pair.readers().stream().map(PairPlan.Reader::module).toList();
    }

    @Test
    void readersThatDisagreeOnTheStorage_areNotAdaptedTogether() {
        LoraModel lora = wrap(StoredModel.tied(false, true, manager));
        LoraConfig.Builder config = config("embed");
        LoraException error =
                LoraModelTest.assertCode(
                        "LoraTieTransposed",
                        () -> lora.plan(config.optEnsureWeightTying(true).build()));
        assertTrue(error.getMessage().contains("embed, head"), error.getMessage());
        assertEquals(1, lora.plan(config.optEnsureWeightTying(false).build()).pairs().size());
    }

    @Test
    void tokenRows_ofATableThatStoresThemAsColumns_areRefused() {
        LoraConfig config = config("fc").optTrainableTokenIndices(1, 2).build();
        LoraException error =
                LoraModelTest.assertCode("LoraTokensUnsupported", () -> transposed.plan(config));
        assertTrue(
                error.getMessage().contains("embed, a OwnBlock that stores them as columns"),
                error.getMessage());
        scramble((AdapterState) ordinary.create("a", config), 6);
        forward(ordinary, Routing.of("a"));
    }

    @Test
    void fanInFanOut_isWhatTheBlocksSay_andAnotherValueIsAWarning() throws IOException {
        for (LoraModel lora : List.of(ordinary, transposed)) {
            boolean stored = lora == transposed;
            LoraConfig.Builder config = config("fc", "embed");
            assertEquals(List.of(), lora.plan(config.optFanInFanOut(stored).build()).warnings());
            LoraConfig wrong = config.optFanInFanOut(!stored).build();
            PlanWarning warning = lora.plan(wrong).warnings().get(0);
            assertEquals("LoraFanInFanOut", warning.code());
            assertTrue(
                    warning.toString()
                            .contains("fc stores its weight as " + (stored ? "(in" : "(out")),
                    warning.toString());
            lora.create("a", wrong);
            lora.save("a", folder.resolve("saved" + stored));
            Path saved = folder.resolve("saved" + stored).resolve("adapter_config.json");
            assertEquals(stored, AdapterConfigJson.read(saved).fanInFanOut());
            lora.remove("a");
        }
        LoraConfig none = config("embed").optFanInFanOut(true).build();
        assertTrue(
                transposed.plan(none).warnings().get(0).toString().contains("no linear module"),
                "an embedding has no such field");
    }

    @Test
    void aKindOrAShapeThatAdaptersCannotAddTo_isRefusedWhenTheModelIsWrapped() {
        for (ModuleKind kind : List.of(ModuleKind.CONVOLUTION, ModuleKind.PARAMETER)) {
            OwnBlock block = OwnBlock.of(kind, new Shape(3, 2));
            LoraException error = LoraModelTest.assertCode("LoraBlockKind", () -> wrapLayer(block));
            assertTrue(error.getMessage().contains(kind + ""), error.getMessage());
        }
        LoraException error =
                LoraModelTest.assertCode(
                        "LoraBlockWeight",
                        () -> wrapLayer(OwnBlock.of(ModuleKind.LINEAR, new Shape(3, 2, 2))));
        assertTrue(error.getMessage().contains("(3, 2, 2)"), error.getMessage());
        OwnBlock other = OwnBlock.of(ModuleKind.OTHER, new Shape(3, 2));
        LoraModel lora = wrapLayer(other);
        LoraModelTest.assertCode("LoraModuleUnsupported", () -> lora.plan(config("layer").build()));
        assertEquals(
                1, lora.plan(config().optTargetParameters("layer.weight").build()).pairs().size());
    }

    private LoraModel wrapLayer(Block block) {
        return LoraModel.wrap(
                OneLayer.create(block, Map.of(), manager, DataType.FLOAT32, new Shape(1, 2)),
                OneLayer::visit);
    }

    @Test
    void aWeightInAChild_hasOneName_andTheChildsBiasIsTheBases() {
        WithInner block = new WithInner();
        LoraModel lora = wrapLayer(block);
        assertEquals(
                List.of("weight", "inner.bias"),
                lora.plan(config("layer").build()).pairs().isEmpty()
                        ? List.of()
                        : SlotParameter.of(block).stream().map(SlotParameter::name).toList());
        AdapterState adapter = (AdapterState) lora.create("a", config("layer").build());
        scramble(adapter, 7);
        NDArray x = manager.create(new float[] {1, -2, 3, 0.5f}, new Shape(2, 2));
        NDArray y = lora.forward(store, new NDList(x), Routing.of("a")).head();
        try (MergedModel merged = lora.merge(Routing.of("a"))) {
            Numbers.assertClose(
                    Numbers.matrix(y), merged.forward(store, new NDList(x), false).head(), 1e-5);
        }
        assertTrue(
                y.sub(lora.forward(store, new NDList(x), Routing.none()).head())
                                .abs()
                                .max()
                                .getFloat()
                        > 0.01);
    }

    @Test
    void aSecondWeight_isNotTheOneThatAMergeWrites() {
        WithSecondWeight block = new WithSecondWeight();
        LoraModel lora = wrapLayer(block);
        scramble((AdapterState) lora.create("a", config("layer").build()), 7);
        NDArray x = manager.create(new float[] {1, -2, 3, 0.5f}, new Shape(2, 2));
        double[][] expected =
                Numbers.matrix(lora.forward(store, new NDList(x), Routing.of("a")).head());
        float[] second = block.second.getArray().toFloatArray();

        lora.mergeAndUnwrap(Routing.of("a"), MergeOptions.SAFE);

        Numbers.assertClose(expected, block.forward(store, new NDList(x), false).head(), 1e-5);
        assertArrayEquals(second, block.second.getArray().toFloatArray());
    }

    /** A linear layer that declares another parameter of the type of weights before its weight. */
    private static final class WithSecondWeight extends AbstractBlock implements AdaptableBlock {
        private final Parameter second = addParameter(parameter("second"));
        private final Parameter weight = addParameter(parameter("w"));

        WithSecondWeight() {
            super((byte) 1);
        }

        private static Parameter parameter(String name) {
            return Parameter.builder()
                    .setName(name)
                    .setType(Parameter.Type.WEIGHT)
                    .optShape(new Shape(3, 2))
                    .build();
        }

        @Override
        public ModuleKind moduleKind() {
            return ModuleKind.LINEAR;
        }

        @Override
        public Parameter weight() {
            return weight;
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore parameters,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            NDArray x = inputs.head(); // (B, 2)
            NDArray w = parameters.getValue(weight, x.getDevice(), training); // (3, 2)
            return new NDList(x.matMul(w.transpose()));
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return new Shape[] {new Shape(inputShapes[0].get(0), 3)};
        }
    }

    /** A linear layer that leaves its work to a layer of DJL's. */
    private static final class WithInner extends AbstractBlock implements AdaptableBlock {
        private final Linear inner = addChildBlock("inner", Linear.builder().setUnits(3).build());

        WithInner() {
            super((byte) 1);
        }

        @Override
        public ModuleKind moduleKind() {
            return ModuleKind.LINEAR;
        }

        @Override
        public Parameter weight() {
            return inner.getParameters().get("weight");
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore parameters,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            return inner.forward(parameters, inputs, training, params);
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inner.getOutputShapes(inputShapes);
        }

        @Override
        protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
            inner.initialize(manager, type, shapes);
        }
    }

    @Test
    void whatABlockReadsBesidesItsWeight_isAdaptedByThePass() {
        Borrower block = new Borrower();
        LoraModel lora =
                LoraModel.wrap(
                        OneLayer.create(
                                block, Map.of(), manager, DataType.FLOAT32, new Shape(1, 3)),
                        (model, walker) -> {
                            OneLayer.visit(model, walker);
                            block.lent = walker.module("lent", Role.MODULE, block.lent);
                        });
        AdapterState adapter = (AdapterState) lora.create("a", config("layer", "lent").build());
        scramble(adapter, 8);
        NDArray x = manager.create(new float[] {1, -2, 3}, new Shape(1, 3));
        double[][] routed =
                Numbers.matrix(lora.forward(store, new NDList(x), Routing.of("a")).head());
        try (MergedModel merged = lora.merge(Routing.of("a"))) {
            Numbers.assertClose(routed, merged.forward(store, new NDList(x), false).head(), 1e-5);
        }
    }

    /** A linear layer whose output is that of its own weight and that of another module's. */
    private static final class Borrower extends AbstractBlock implements AdaptableBlock {
        private final Linear inner = Linear.builder().setUnits(3).optBias(false).build();
        private final Linear lender = Linear.builder().setUnits(3).optBias(false).build();
        private Block lent = lender;

        Borrower() {
            super((byte) 1);
            addChildBlock("inner", inner);
            addChildBlock("lender", lender);
        }

        @Override
        public ModuleKind moduleKind() {
            return ModuleKind.LINEAR;
        }

        @Override
        public Parameter weight() {
            return inner.getParameters().get("weight");
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore parameters,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            NDArray own = inner.forward(parameters, inputs, training, params).head();
            Parameter borrowed = lender.getParameters().get("weight"); // past its field
            NDArray w = parameters.getValue(borrowed, own.getDevice(), training);
            return new NDList(own.add(inputs.head().matMul(w)));
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inner.getOutputShapes(inputShapes);
        }

        @Override
        protected void initializeChildBlocks(NDManager manager, DataType type, Shape... shapes) {
            inner.initialize(manager, type, shapes);
            lender.initialize(manager, type, shapes);
        }
    }

    @Test
    void files_nameTheParametersByTheirPlace_whateverTheirOwnNamesAre() {
        List<NamedParameter> named =
                ModelTensors.of(StoredModel.tied(true, true, manager), StoredModel::visit);
        assertEquals(
                List.of(
                        List.of("embed.weight", "head.weight"),
                        List.of("fc.weight"),
                        List.of("fc.bias")),
                named.stream().map(NamedParameter::names).toList());
    }
}
