package dev.ligature.internal.effect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import dev.ligature.LoraModel;
import dev.ligature.Numbers;
import dev.ligature.OneLayer;
import dev.ligature.Routing;
import dev.ligature.ToyTest;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.route.RoutedBlock;
import dev.ligature.internal.slot.Slot;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Linears that read W + ΔW for one pass, since they have many tokens. */
final class MaterializedLinearTest extends ToyTest {
    private static final int IN = 160;
    private static final int OUT = 128;
    private static final int PAYS = 143; // 143 · (160 + 128) ≥ 2 · 160 · 128

    private final Linear linear = Linear.builder().setUnits(OUT).build();

    private LoraModel wrap(DataType type) {
        OneLayer model = OneLayer.create(linear, Map.of(), manager, type, new Shape(1, IN));
        LoraModel lora = LoraModel.wrap(model, OneLayer::visit);
        for (int i = 0; i < 2; i++) {
            AdapterState adapter =
                    (AdapterState) lora.create("a" + i, config("layer").optRank(4 + i).build());
            scramble(adapter, i + 1);
            adapter.setTrainable(false);
        }
        return lora;
    }

    private NDArray tokens(int count) {
        Shape shape = new Shape(1, count, IN);
        return manager.create(Numbers.fill(shape, 9), shape);
    }

    private double[][] expected(LoraModel lora, NDArray x, String name, double weight) {
        FactorPair pair = ((AdapterState) lora.adapter(name)).pairs().get(0);
        double[][] w =
                Numbers.plusDelta(
                        Numbers.matrix(linear.getParameters().get("weight").getArray()),
                        weight * pair.plan().scaling(),
                        Numbers.matrix(pair.loraB().getArray()),
                        Numbers.matrix(pair.loraA().getArray()));
        double[] bias = Numbers.matrix(linear.getParameters().get("bias").getArray())[0];
        return Numbers.linear(Numbers.matrix(x), w, bias);
    }

    @Test
    void theOutput_isThatOfTheTerm_onBothSidesOfTheRule() {
        LoraModel lora = wrap(DataType.FLOAT32);
        assertTrue(MaterializedLinear.isCheaper(PAYS, IN, OUT));
        assertFalse(MaterializedLinear.isCheaper(PAYS - 1, IN, OUT));
        for (int count : new int[] {1, PAYS - 1, PAYS, 4 * PAYS}) {
            NDArray x = tokens(count);
            NDArray y = lora.forward(store, new NDList(x), Routing.of("a0")).head();
            assertEquals(new Shape(1, count, OUT), y.getShape());
            assertFalse(y.hasGradient());
            Numbers.assertClose(expected(lora, x, "a0", 1), y, 1e-5);
        }
    }

    @Test
    void aWeightOfARouting_countsInTheSum() {
        LoraModel lora = wrap(DataType.FLOAT32);
        NDArray x = tokens(PAYS);
        Routing half = Routing.weighted(Map.of("a0", 0.5));
        NDArray y = lora.forward(store, new NDList(x), half).head();
        Numbers.assertClose(expected(lora, x, "a0", 0.5), y, 1e-5);
    }

    @Test
    void whatIsMadeForThePass_isFreed_andTheWeightStays() {
        LoraModel lora = wrap(DataType.FLOAT32);
        float[] before = weight();
        try (NDManager scope = manager.newSubManager()) {
            NDArray x = tokens(PAYS);
            x.attach(scope);
            int arrays = scope.getManagedArrays().size();
            NDArray y = lora.forward(store, new NDList(x), Routing.of("a1")).head();
            assertEquals(scope, y.getManager());
            assertEquals(arrays + 1, scope.getManagedArrays().size());
        }
        assertTrue(Arrays.equals(before, weight()));
    }

    @Test
    void anotherPrecision_isNotSummed() {
        LoraModel lora = wrap(DataType.FLOAT16);
        Slot slot = ((RoutedBlock) lora.routed(Routing.of("a0"))).route().slots().all().get(0);
        FactorPair pair = ((AdapterState) lora.adapter("a0")).pairs().get(0);
        assertEquals(DataType.FLOAT32, pair.plan().dataType());
        assertFalse(MaterializedLinear.isCheaper(slot, pair, tokens(PAYS)));
        assertFalse(
                MaterializedLinear.isCheaper(
                        slot, pair, tokens(PAYS).toType(DataType.FLOAT16, false)));
    }

    @Test
    void rowsOfOneAdapter_areSummedAsOne_andMixedRowsAreAsAlone() {
        LoraModel lora = wrap(DataType.FLOAT32);
        NDArray x = tokens(2 * PAYS).reshape(2, PAYS, IN);
        for (List<String> rows : List.of(List.of("a0", "a0"), List.of("a0", "a1"))) {
            NDArray y = lora.forward(store, new NDList(x), Routing.rows(rows)).head();
            for (int row = 0; row < 2; row++) {
                double[][] alone = expected(lora, x.get(row), rows.get(row), 1);
                Numbers.assertClose(alone, y.get(row), 1e-5);
            }
        }
    }

    private float[] weight() {
        return linear.getParameters().get("weight").getArray().toFloatArray();
    }
}
