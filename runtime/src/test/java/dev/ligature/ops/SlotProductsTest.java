package dev.ligature.ops;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraModel;
import dev.ligature.MergeOptions;
import dev.ligature.MergedModel;
import dev.ligature.Routing;
import dev.ligature.ToyTest;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * A wrapped model computes its linear blocks by the operators of the pass, without adapters too.
 */
final class SlotProductsTest extends ToyTest {
    private static final Operators PLAIN = OperatorLookup.plain(false);

    /** Notes the weights of products, and computes them as DJL's arrays do. */
    private static final class Noting extends ParameterStore implements OperatorSource, Operators {
        private final List<String> weights = new ArrayList<>();

        Noting(NDManager manager) {
            super(manager, false);
        }

        @Override
        public Operators operators(boolean training) {
            return training ? OperatorLookup.plain(true) : this;
        }

        @Override
        public NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
            weights.add(weight.getShape() + (bias == null ? "" : " + bias"));
            return PLAIN.linear(x, weight, bias);
        }

        @Override
        public NDArray rmsNorm(NDArray x, NDArray weight, float epsilon) {
            return PLAIN.rmsNorm(x, weight, epsilon);
        }

        @Override
        public NDArray swiGlu(NDArray gate, NDArray up) {
            return PLAIN.swiGlu(gate, up);
        }
    }

    private List<String> products(Block block, boolean training) {
        Noting noting = new Noting(manager);
        NDList expected = block.forward(store, ids(), training);
        NDList computed = block.forward(noting, ids(), training);
        assertEquals(
                List.of(expected.head().toByteBuffer()), List.of(computed.head().toByteBuffer()));
        return noting.weights;
    }

    @Test
    void baseAdaptedAndMergedModel_useThem_andTrainingDoesNot() {
        LoraModel lora = wrapToy(true);
        lora.create("a", config("proj").build());
        List<String> base = products(lora.routed(Routing.none()), false);
        assertEquals(2, base.size(), base.toString());
        assertEquals(base, products(lora.base(), false));
        assertEquals(base, products(lora.routed(Routing.of("a")), false));
        try (MergedModel merged = lora.merge(Routing.of("a"), MergeOptions.SAFE)) {
            assertEquals(base, products(merged, false));
        }
        assertEquals(List.of(), products(lora.base(), true));
    }
}
