package dev.ligature.internal.effect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.LoraModel;
import dev.ligature.LoraModelTest;
import dev.ligature.MergeOptions;
import dev.ligature.MergedModel;
import dev.ligature.Numbers;
import dev.ligature.OneLayer;
import dev.ligature.Routing;
import dev.ligature.ToyTest;
import dev.ligature.block.AdaptableBlock;
import dev.ligature.block.TiedLinear;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.plan.ModuleKind;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** DoRA against (m / n)(W + ΔW) x + bias, computed by hand. */
final class DoraTest extends ToyTest {
    private static final int IN = 5;
    private static final int OUT = 3;
    private static final Shape INPUT = new Shape(2, 4, IN);

    /** Where a user's linear layer has its bias. */
    enum Place {
        /** There is none. */
        NOWHERE,
        /** It is the only one. */
        FIRST,
        /** A parameter of that type before it is not added to the output. */
        SECOND,
        /** It has another type. */
        OTHER_TYPE,
        /** The block adds two. */
        BOTH
    }

    /** A user's linear layer. */
    private static final class Biased extends AbstractBlock implements AdaptableBlock {
        private final Place place;
        private final Parameter weight = add("w", Parameter.Type.WEIGHT, new Shape(OUT, IN));
        private final Parameter first;
        private final Parameter second = add("b2", Parameter.Type.BIAS, new Shape(OUT));

        Biased(Place place) {
            super((byte) 1);
            this.place = place;
            boolean other = place == Place.OTHER_TYPE;
            first = add("b1", other ? Parameter.Type.OTHER : Parameter.Type.BIAS, new Shape(OUT));
        }

        private Parameter add(String name, Parameter.Type type, Shape shape) {
            return addParameter(
                    Parameter.builder().setName(name).setType(type).optShape(shape).build());
        }

        @Override
        public ModuleKind moduleKind() {
            return ModuleKind.LINEAR;
        }

        @Override
        public Parameter weight() {
            return weight;
        }

        /** Gives the first bias other values than the second has. */
        void giveFirst(NDManager manager) {
            first.close();
            first.setInitializer((m, shape, type) -> m.create(new float[] {-1, 4, 2}));
            first.initialize(manager, DataType.FLOAT32);
        }

        private List<Parameter> added() {
            return switch (place) {
                case NOWHERE -> List.of();
                case FIRST -> List.of(second); // the first that was added
                case SECOND, OTHER_TYPE -> List.of(first);
                case BOTH -> List.of(first, second);
            };
        }

        double[] bias() {
            double[] sum = new double[OUT];
            for (Parameter bias : added()) {
                float[] values = bias.getArray().toFloatArray();
                for (int i = 0; i < OUT; i++) {
                    sum[i] += values[i];
                }
            }
            return sum;
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            NDArray x = inputs.singletonOrThrow();
            NDArray w = store.getValue(weight, x.getDevice(), training);
            NDArray y = Linear.linear(x, w).singletonOrThrow();
            for (Parameter bias : added()) {
                y = y.add(store.getValue(bias, x.getDevice(), training));
            }
            return new NDList(y);
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputs) {
            return new Shape[] {inputs[0].slice(0, inputs[0].dimension() - 1).add(OUT)};
        }
    }

    private LoraModel wrap(Block layer) {
        NDArray w = manager.create(Numbers.fill(new Shape(OUT, IN), 5), new Shape(OUT, IN));
        NDArray bias = manager.create(new float[] {3, -2, 1});
        Map<Parameter.Type, NDArray> values =
                Map.of(
                        Parameter.Type.WEIGHT,
                        w,
                        Parameter.Type.BIAS,
                        bias,
                        Parameter.Type.OTHER,
                        bias);
        OneLayer model = OneLayer.create(layer, values, manager, DataType.FLOAT32, INPUT);
        return LoraModel.wrap(model, OneLayer::visit);
    }

    private static AdapterState frozen(LoraModel lora, LoraConfig.Builder config) {
        AdapterState adapter = (AdapterState) lora.create("a", config.build());
        scramble(adapter, 7);
        adapter.setTrainable(false);
        return adapter;
    }

    private NDArray input() {
        return manager.create(Numbers.fill(INPUT, 9), INPUT);
    }

    private static double[][] byHand(NDArray x, NDArray w, double[] bias, FactorPair pair) {
        double[][] sum =
                Numbers.plusDelta(
                        Numbers.matrix(w),
                        pair.plan().scaling(),
                        Numbers.matrix(pair.loraB().getArray()),
                        Numbers.matrix(pair.loraA().getArray()));
        float[] lengths = pair.magnitude().orElseThrow().getArray().toFloatArray();
        for (int row = 0; row < sum.length; row++) {
            double squares = 0;
            for (double value : sum[row]) {
                squares += value * value;
            }
            for (int i = 0; i < IN; i++) {
                sum[row][i] *= lengths[row] / Math.sqrt(squares);
            }
        }
        return Numbers.linear(Numbers.matrix(x), sum, bias);
    }

    @ParameterizedTest
    @EnumSource
    void aBias_isNotScaled_whereverTheBlockHasIt(Place place) {
        Biased block = new Biased(place);
        LoraModel lora = wrap(block);
        block.giveFirst(manager);
        AdapterState adapter = frozen(lora, config("layer").optUseDora(true));
        NDArray x = input();
        double[][] expected =
                byHand(x, block.weight.getArray(), block.bias(), adapter.pairs().get(0));
        for (boolean training : new boolean[] {false, true}) {
            NDArray y = lora.routed(Routing.of("a")).forward(store, new NDList(x), training).head();
            Numbers.assertClose(expected, y, 1e-5);
        }
        Numbers.assertClose(
                expected, lora.forward(store, new NDList(x), Routing.rows("a", "a")).head(), 1e-5);
    }

    @ParameterizedTest
    @EnumSource
    void aBiasOfB_isMergedIntoTheBiasThatTheBlockAdds_orNowhere(Place place) {
        Biased block = new Biased(place);
        LoraModel lora = wrap(block);
        block.giveFirst(manager);
        frozen(lora, config("layer").optLoraBias(true));
        if (place != Place.FIRST && place != Place.SECOND) {
            LoraModelTest.assertCode("LoraBiasMerge", () -> lora.merge(Routing.of("a")));
            return;
        }
        NDList x = new NDList(input());
        try (MergedModel merged = lora.merge(Routing.of("a"))) {
            Numbers.assertClose(
                    Numbers.matrix(lora.forward(store, x, Routing.of("a")).head()),
                    merged.forward(store, x, false).head(),
                    1e-5);
        }
    }

    @Test
    void aBaseWeight_thatAnotherModelMergesInto_countsWithItsNewLengths() {
        Linear owner = Linear.builder().setUnits(OUT).optBias(false).build();
        Parameter weight = owner.getParameters().get("weight");
        weight.freeze(true); // else it is trainable when the first model is unwrapped
        LoraModel first = wrap(owner);
        LoraModel second = wrap(new TiedLinear(owner, true));
        AdapterState dora = frozen(second, config("layer").optUseDora(true));
        frozen(first, config("layer"));
        NDArray x = input();
        for (int pass = 0; pass < 2; pass++) {
            double[][] expected =
                    byHand(x, weight.getArray(), new double[] {3, -2, 1}, dora.pairs().get(0));
            NDArray y = second.forward(store, new NDList(x), Routing.of("a")).head();
            Numbers.assertClose(expected, y, 1e-5);
            if (pass == 0) {
                first.mergeAndUnwrap(Routing.of("a"), MergeOptions.SAFE);
            }
        }
    }

    @Test
    void cachedLengths_areOneArray_howeverOftenTheyAreComputed() {
        Conv2d convolution =
                Conv2d.builder().setKernelShape(new Shape(3, 3)).setFilters(OUT).build();
        Shape images = new Shape(2, 2, 5, 5);
        OneLayer model = OneLayer.create(convolution, Map.of(), manager, DataType.FLOAT32, images);
        for (LoraModel lora :
                List.of(wrap(new Biased(Place.SECOND)), LoraModel.wrap(model, OneLayer::visit))) {
            Shape shape = lora.base() == model ? images : INPUT;
            AdapterState adapter = frozen(lora, config("layer").optUseDora(true));
            use(lora, adapter, shape);
            int before = liveArrays();
            for (int i = 0; i < 5; i++) {
                use(lora, adapter, shape);
            }
            assertEquals(before, liveArrays(), lora.base().toString());
        }
    }

    /** Merges, forwards, and lets the adapter be trained for a moment. */
    private void use(LoraModel lora, AdapterState adapter, Shape shape) {
        try (NDManager request = NDManager.newBaseManager()) {
            NDList x = new NDList(request.create(Numbers.fill(shape, 2), shape));
            lora.forward(store, x, Routing.of("a"));
            lora.merge(Routing.of("a")).close();
            adapter.setTrainable(true);
            lora.forward(store, x, Routing.of("a"));
            adapter.setTrainable(false);
            lora.forward(store, x, Routing.of("a"));
        }
    }

    private int liveArrays() {
        return manager.getParentManager().getManagedArrays().size();
    }
}
