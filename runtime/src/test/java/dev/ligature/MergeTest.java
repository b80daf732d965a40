package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class MergeTest extends ToyTest {
    @Test
    @Tag("D9")
    void mergingATiedPair_addsTheDeltaOnce() {
        LoraModel lora = wrapToy(true);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a", config("embed", "head").optEnsureWeightTying(true).build());
        scramble(adapter, 1);
        FactorPair pair = adapter.pairs().get(0);
        double[][] expected =
                Numbers.plusDelta(
                        Numbers.matrix(parameter(lora, "01embed_weight").getArray()),
                        pair.plan().scaling(),
                        Numbers.matrix(pair.loraB().getArray()),
                        Numbers.matrix(pair.loraA().getArray()));

        try (MergedModel merged = lora.merge(Routing.of("a"))) {
            assertEquals(Set.of("embed.weight", "head.weight"), merged.weights.tensors().keySet());
            assertSame(
                    merged.weights.tensors().get("embed.weight"),
                    merged.weights.tensors().get("head.weight"));
            Numbers.assertClose(expected, merged.weights.tensors().get("embed.weight"), 1e-6);
        }
    }

    @Test
    void aMergedModel_givesWhatTheAdapterGives_andClosingItLeavesTheBaseBitForBit() {
        LoraModel lora = wrapToy(true);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a", config("embed", "proj").optEnsureWeightTying(true).build());
        scramble(adapter, 2);
        float[] base = lora.forward(store, ids(), Routing.none()).head().toFloatArray();
        float[] weights = parameter(lora, "01embed_weight").getArray().toFloatArray();
        NDArray adapted = lora.forward(store, ids(), Routing.of("a")).singletonOrThrow();

        try (MergedModel merged = lora.merge(Routing.of("a"), MergeOptions.SAFE)) {
            NDArray logits = merged.forward(store, ids(), false).singletonOrThrow();
            Numbers.assertClose(Numbers.matrix(adapted), logits, 1e-5);
            assertArrayEquals(
                    base, lora.forward(store, ids(), Routing.none()).head().toFloatArray());
            LoraException fixed =
                    LoraModelTest.assertCode(
                            "LoraMergedIsFixed", () -> merged.forward(store, ids(), true));
            assertEquals(
                    "[LoraMergedIsFixed] The merged model of adapter a cannot be trained. Train the"
                            + " routed block of the adapter and merge again.",
                    fixed.getMessage());
        }
        assertArrayEquals(base, lora.forward(store, ids(), Routing.none()).head().toFloatArray());
        assertArrayEquals(weights, parameter(lora, "01embed_weight").getArray().toFloatArray());
    }

    @Test
    void aHalfBase_isSummedInSinglePrecision_andRoundedOnce() {
        ToyModel model = ToyModel.create(true, manager, DataType.FLOAT16);
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        AdapterState adapter = (AdapterState) lora.create("a", config("proj").build());
        scramble(adapter, 3);
        FactorPair pair = adapter.pairs().get(0);
        double[][] exact =
                Numbers.plusDelta(
                        Numbers.matrix(parameter(lora, "02proj_weight").getArray()),
                        pair.plan().scaling(),
                        Numbers.matrix(pair.loraB().getArray()),
                        Numbers.matrix(pair.loraA().getArray()));

        try (MergedModel merged = lora.merge(Routing.of("a"))) {
            NDArray sum = merged.weights.tensors().get("proj.weight");
            assertEquals(DataType.FLOAT16, sum.getDataType());
            // One rounding of a number below 1 is at most 2^-12.
            double[][] found = Numbers.matrix(sum);
            for (int i = 0; i < exact.length; i++) {
                for (int j = 0; j < exact[0].length; j++) {
                    assertEquals(exact[i][j], found[i][j], 1.01 * Math.scalb(1.0, -12));
                }
            }
        }
    }

    @Test
    void readersOfATiedWeightWithPairsOfTheirOwn_areRefusedWithTheRemedy() {
        LoraModel lora = wrapToy(true);
        lora.create("both", config("embed", "head").build());
        lora.create("one", config("embed").build());

        for (String name : Set.of("both", "one")) {
            LoraException error =
                    LoraModelTest.assertCode(
                            "LoraTieTreatedDifferently", () -> lora.merge(Routing.of(name)));
            assertTrue(error.getMessage().contains("untie the base"), error.getMessage());
            assertTrue(error.getMessage().contains("ensure_weight_tying"), error.getMessage());
        }
    }

    @Test
    void aSafeMerge_refusesValuesThatAreNotFinite_andNamesTheModule() {
        LoraModel lora = wrapToy(false);
        AdapterState adapter = (AdapterState) lora.create("a", config("proj").build());
        scramble(adapter, 4);
        NDArray alias = adapter.pairs().get(0).loraB().getArray().stopGradient();
        alias.set(new NDIndex("0,0"), Float.NaN);
        int before = manager.getParentManager().getManagedArrays().size();

        LoraException error =
                LoraModelTest.assertCode(
                        "LoraMergeNotFinite", () -> lora.merge(Routing.of("a"), MergeOptions.SAFE));

        assertTrue(error.getMessage().contains("proj"), error.getMessage());
        assertEquals(before, manager.getParentManager().getManagedArrays().size());
    }

    @Test
    void aBiasOfB_hasNowhereToGoWithoutABaseBias() {
        LoraModel lora = wrapToy(false);
        lora.create("a", config("proj", "head").optLoraBias(true).build());
        LoraException error =
                LoraModelTest.assertCode("LoraBiasMerge", () -> lora.merge(Routing.of("a")));
        assertTrue(error.getMessage().contains("a bias at head"), error.getMessage());
        lora.create("b", config("proj").optLoraBias(true).build());
        try (MergedModel merged = lora.merge(Routing.of("b"))) {
            assertEquals(Set.of("proj.weight", "proj.bias"), merged.weights.tensors().keySet());
        }
    }

    @Test
    @SuppressWarnings("try") // closing it before it is used is the point
    void aClosedMerge_saysSo() {
        LoraModel lora = wrapToy(true);
        lora.create("a", config("proj").build());
        MergedModel merged = lora.merge(Routing.of("a"));
        merged.close();

        LoraModelTest.assertCode("LoraMergedClosed", () -> merged.forward(store, ids(), false));
    }

    @Test
    void mergingNothing_isAnError() {
        LoraModel lora = wrapToy(true);
        LoraModelTest.assertCode("LoraNothingToMerge", () -> lora.merge(Routing.none()));
    }
}
