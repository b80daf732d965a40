package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.AdaptableBlock;
import dev.ligature.block.BlockParameters;
import dev.ligature.block.TiedLinear;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.plan.ModuleKind;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Blocks of a user's that say wrong things of themselves, and models that leave things out. */
final class WrongBlockTest extends ToyTest {
    /** A layer x W or a table Wᵀ of a weight (2, 3), as it is told to describe itself. */
    private static final class Told extends AbstractBlock implements AdaptableBlock {
        private final Parameter weight;
        private final ModuleKind computes;
        @Nullable ModuleKind kind;
        boolean transposed;
        boolean hasWeight = true;
        int outputs = 1;

        Told(ModuleKind computes, boolean transposed) {
            super((byte) 1);
            this.computes = computes;
            this.kind = computes;
            this.transposed = transposed;
            this.weight =
                    addParameter(
                            Parameter.builder()
                                    .setName("w")
                                    .setType(Parameter.Type.WEIGHT)
                                    .optShape(new Shape(2, 3))
                                    .build());
        }

        @Override
        public ModuleKind moduleKind() {
            return kind;
        }

        @Override
        public Parameter weight() {
            return hasWeight ? weight : null;
        }

        @Override
        public boolean isWeightTransposed() {
            return transposed;
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            NDArray x = inputs.head();
            NDArray w = store.getValue(weight, x.getDevice(), training);
            NDList y = new NDList();
            for (int i = 0; i < outputs; i++) {
                y.add(computes == ModuleKind.LINEAR ? x.matMul(w) : w.get(x));
            }
            return y;
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }
    }

    private LoraModel wrap(AbstractBlock block) {
        return LoraModel.wrap(
                OneLayer.create(block, Map.of(), manager, DataType.FLOAT32, new Shape(1, 2)),
                OneLayer::visit);
    }

    private NDList x(ModuleKind kind, int rows) {
        return new NDList(
                kind == ModuleKind.LINEAR
                        ? manager.ones(new Shape(rows, 2))
                        : manager.create(new long[] {1, 0, 1, 1}).get("0:" + rows));
    }

    private static void assertSays(String code, String text, Runnable call) {
        LoraException error = LoraModelTest.assertCode(code, call::run);
        assertTrue(error.getMessage().contains(text), error.getMessage());
    }

    @Test
    void nullForTheWeightOrTheKind_isNamedAtWrap() {
        Told block = new Told(ModuleKind.LINEAR, true);
        block.hasWeight = false;
        assertSays("LoraBlockNull", "layer, a Told, returns null from weight()", () -> wrap(block));
        assertSays(
                "LoraBlockNull",
                "A Told returns null from weight()",
                () -> BlockParameters.sharedWeightOf(block));
        Told other = new Told(ModuleKind.LINEAR, true);
        other.kind = null;
        assertSays("LoraBlockNull", "null from moduleKind(). Return LINEAR", () -> wrap(other));
    }

    @ParameterizedTest
    @EnumSource(
            value = ModuleKind.class,
            names = {"LINEAR", "EMBEDDING"})
    void aWrongStorage_isNamedByTheFirstPass_inEachWay(ModuleKind kind) {
        boolean right = kind == ModuleKind.LINEAR;
        LoraModel lora = wrap(new Told(kind, !right));
        for (String name : new String[] {"a", "b"}) {
            scramble((AdapterState) lora.create(name, config("layer").build()), 3);
        }
        String text =
                "layer, a Told, returns %s from isWeightTransposed(), so that its weight of shape"
                        .formatted(!right);
        Routing two = Routing.rows("a", "b", "a");
        for (Routing routing : new Routing[] {Routing.of("a"), two}) {
            assertSays("LoraBlockStorage", text, () -> lora.forward(store, x(kind, 3), routing));
        }
        assertSays(
                "LoraBlockStorage",
                "but its output has 3. Return " + right + ".",
                () -> lora.routed(Routing.of("a")).forward(store, x(kind, 3), true));
    }

    @Test
    void anInputThatDoesNotFit_isTheEnginesError() {
        LoraModel lora = wrap(new Told(ModuleKind.LINEAR, true));
        lora.create("a", config("layer").build());
        NDList wide = new NDList(manager.ones(new Shape(1, 7)));
        Assertions.assertThrows(
                EngineException.class, () -> lora.forward(store, wide, Routing.of("a")));
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void severalOutputs_areNamed_whereAnAdapterNeedsOne(boolean replaces) {
        Told block = new Told(ModuleKind.LINEAR, true);
        block.outputs = 2;
        LoraModel lora = wrap(block);
        LoraConfig config =
                replaces
                        ? config().optTargetParameters("layer.weight").build()
                        : config("layer").build();
        lora.create("a", config);
        lora.create("b", config);
        String text = "layer, a Told, returned 2 arrays";
        assertSays(
                "LoraBlockOutputs",
                text,
                () -> lora.forward(store, x(ModuleKind.LINEAR, 2), Routing.rows("a", "b")));
        NDList x = x(ModuleKind.LINEAR, 2);
        if (replaces) { // which needs no output
            assertEquals(2, lora.forward(store, x, Routing.of("a")).size());
        } else {
            assertSays("LoraBlockOutputs", text, () -> lora.forward(store, x, Routing.of("a")));
        }
    }

    /** Its weight is another block's, which is not in the model. */
    @Test
    void aModelOfATiedLayerAlone_takesAdapters() {
        Linear source = Linear.builder().setUnits(3).build();
        source.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
        LoraModel lora = wrap(new TiedLinear(source));
        AdapterState adapter = (AdapterState) lora.create("a", config("layer").build());
        scramble(adapter, 3);
        NDArray y = lora.forward(store, x(ModuleKind.LINEAR, 1), Routing.of("a")).head();
        double[][] w = Numbers.matrix(source.getParameters().get("weight").getArray());
        double[][] a = Numbers.matrix(adapter.pairs().get(0).loraA().getArray());
        double[][] b = Numbers.matrix(adapter.pairs().get(0).loraB().getArray());
        double[][] sum = Numbers.plusDelta(w, 1.5, b, a);
        Numbers.assertClose(Numbers.linear(new double[][] {{1, 1}}, sum, new double[0]), y, 1e-5);
    }
}
