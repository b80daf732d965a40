package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.slot.SlotBlock;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Untying a base up front, and merging for good. */
final class UntieTest extends ToyTest {
    private static final Routing A = Routing.of("a");

    private LoraModel untied() {
        ToyModel model = ToyModel.create(new ToyModel(true, true), manager, DataType.FLOAT32);
        LoraModel.untieBase(model, ToyModel::visit, "head");
        return LoraModel.wrap(model, ToyModel::visit);
    }

    private NDArray forward(LoraModel lora, Routing routing) {
        return lora.forward(store, ids(), routing).singletonOrThrow();
    }

    @Test
    void anUntiedHead_computesWhatItDid_andIsAModuleWithAWeightOfItsOwn() {
        LoraModel tied =
                LoraModel.wrap(
                        ToyModel.create(new ToyModel(true, true), manager, DataType.FLOAT32),
                        ToyModel::visit);
        LoraModel lora = untied();
        assertArrayEquals(
                forward(tied, Routing.none()).toFloatArray(),
                forward(lora, Routing.none()).toFloatArray());
        assertEquals("embed", tied.layout().modules().get(2).weight());
        assertEquals("head", lora.layout().modules().get(2).weight());
        assertEquals(
                tied.getParameters().size() + 1, lora.getParameters().size(), "one weight more");
    }

    @Test
    void anAdapterThatTreatsTheReadersDifferently_isMergedOnAnUntiedBase() {
        LoraModel lora = untied();
        AdapterState adapter =
                (AdapterState)
                        lora.create("a", config("embed", "proj").optModulesToSave("head").build());
        scramble(adapter, 1);
        NDArray expected = forward(lora, A);
        try (MergedModel merged = lora.merge(A)) {
            Numbers.assertClose(
                    Numbers.matrix(expected),
                    merged.forward(store, ids(), false).singletonOrThrow(),
                    1e-5);
            assertArrayEquals(
                    adapter.parameters().get("head.weight").getArray().toFloatArray(),
                    merged.weights.untied().get("head.weight").toFloatArray());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"haed", "embed"})
    void whatIsNoTiedModule_cannotBeUntied(String name) {
        ToyModel model = ToyModel.create(true, manager, DataType.FLOAT32);
        LoraException error =
                LoraModelTest.assertCode(
                        "LoraUntie",
                        () -> LoraModel.untieBase(model, ToyModel::visit, "head", name));
        assertTrue(error.getMessage().contains(name), error.getMessage());
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        assertEquals("embed", lora.layout().modules().get(2).weight(), "all or none");
    }

    @Test
    void aWrappedOrUntiedModel_isNotUntied() {
        ToyModel model = ToyModel.create(true, manager, DataType.FLOAT32);
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        LoraModelTest.assertCode(
                "LoraUntie", () -> LoraModel.untieBase(model, ToyModel::visit, "head"));
        lora.unwrap();
        LoraModel.untieBase(model, ToyModel::visit, "head");
        LoraException twice =
                LoraModelTest.assertCode(
                        "LoraUntie", () -> LoraModel.untieBase(model, ToyModel::visit, "head"));
        assertTrue(twice.getMessage().contains("untied already"), twice.getMessage());
    }

    @Test
    void mergingForGood_writesTheBaseOnceAndGivesTheModelBack() {
        ToyModel model = ToyModel.create(new ToyModel(true, true), manager, DataType.FLOAT32);
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a", config("embed", "proj").optEnsureWeightTying(true).build());
        scramble(adapter, 2);
        NDArray expected = forward(lora, A);
        NDArray before = model.getParameters().get("01embed_weight").getArray();

        lora.mergeAndUnwrap(A, MergeOptions.SAFE);

        Numbers.assertClose(
                Numbers.matrix(expected),
                model.forward(store, ids(), false).singletonOrThrow(),
                1e-5);
        assertEquals(before, model.getParameters().get("01embed_weight").getArray());
        assertTrue(model.getParameters().get("01embed_weight").requiresGradient());
        assertEquals(0, lora.adapterNames().size());
        assertNotEquals(SlotBlock.class, model.head.getClass());
        LoraModelTest.assertCode("LoraUnwrapped", () -> lora.routed(Routing.none()));
    }

    @Test
    void mergingForGood_isRefusedWhileMergedModelsAreOpen_andChangesNothingThen() {
        LoraModel lora = wrapToy(true);
        AdapterState adapter = (AdapterState) lora.create("a", config("proj").build());
        scramble(adapter, 3);
        float[] weight = parameter(lora, "02proj_weight").getArray().toFloatArray();
        try (MergedModel merged = lora.merge(A)) {
            LoraException error =
                    LoraModelTest.assertCode(
                            "LoraMergesOpen", () -> lora.mergeAndUnwrap(A, MergeOptions.DEFAULT));
            assertTrue(error.getMessage().contains("1 of them"), error.getMessage());
            assertEquals(1, merged.weights.tensors().size());
        }
        assertArrayEquals(weight, parameter(lora, "02proj_weight").getArray().toFloatArray());
        lora.create("b", config("embed").build());
        LoraModelTest.assertCode(
                "LoraTieTreatedDifferently",
                () -> lora.mergeAndUnwrap(Routing.of("b"), MergeOptions.DEFAULT));
        assertArrayEquals(weight, parameter(lora, "02proj_weight").getArray().toFloatArray());
        lora.mergeAndUnwrap(A, MergeOptions.DEFAULT);
    }
}
