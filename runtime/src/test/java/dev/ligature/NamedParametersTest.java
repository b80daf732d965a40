package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv1dTranspose;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.core.LinearCollection;
import ai.djl.nn.core.Multiplication;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.nn.recurrent.GRU;
import ai.djl.nn.recurrent.LSTM;
import ai.djl.nn.recurrent.RNN;
import ai.djl.nn.transformer.PointwiseFeedForwardBlock;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.nn.transformer.TransformerEncoderBlock;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.slot.SlotParameter;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every matrix in a block of DJL's has a name, by which it can be adapted. */
final class NamedParametersTest extends ToyTest {
    /** A block of DJL's and the shape of what it takes. */
    private record Case(Block block, Shape input) {
        @Override
        public String toString() {
            return block.getClass().getSimpleName();
        }
    }

    static Stream<Case> blocks() {
        Shape flat = new Shape(3, 4);
        Shape sequence = new Shape(2, 3, 4);
        Shape image = new Shape(2, 4, 5);
        return Stream.of(
                new Case(linear(), flat),
                new Case(LinearCollection.builder().setUnits(3).build(), new Shape(2, 3, 4)),
                new Case(Multiplication.builder().setUnits(3).build(), flat),
                new Case(
                        Conv1d.builder().setKernelShape(new Shape(2)).setFilters(3).build(), image),
                new Case(
                        Conv1dTranspose.builder()
                                .setKernelShape(new Shape(2))
                                .setFilters(3)
                                .build(),
                        image),
                new Case(
                        Conv2d.builder().setKernelShape(new Shape(2, 2)).setFilters(3).build(),
                        new Shape(1, 2, 4, 4)),
                new Case(BatchNorm.builder().build(), flat),
                new Case(LayerNorm.builder().build(), flat),
                new Case(LSTM.builder().setStateSize(3).setNumLayers(2).build(), sequence),
                new Case(GRU.builder().setStateSize(3).setNumLayers(2).build(), sequence),
                new Case(
                        RNN.builder()
                                .setStateSize(3)
                                .setNumLayers(1)
                                .setActivation(RNN.Activation.TANH)
                                .build(),
                        sequence),
                new Case(new SequentialBlock().add(linear()).add(linear()), flat),
                new Case(
                        new ParallelBlock(
                                outputs ->
                                        new NDList(
                                                outputs.get(0).head().add(outputs.get(1).head())),
                                List.of(linear(), linear())),
                        flat),
                new Case(
                        ScaledDotProductAttentionBlock.builder()
                                .setEmbeddingSize(4)
                                .setHeadCount(2)
                                .optAttentionProbsDropoutProb(0)
                                .build(),
                        sequence),
                new Case(new PointwiseFeedForwardBlock(List.of(6), 4, Activation::relu), sequence),
                new Case(new TransformerEncoderBlock(4, 2, 6, 0, Activation::relu), sequence));
    }

    private static Linear linear() {
        return Linear.builder().setUnits(5).build();
    }

    @ParameterizedTest
    @MethodSource("blocks")
    void everyMatrix_isTargetedByItsName_andAdapted(Case of) {
        OneLayer model =
                OneLayer.create(of.block(), Map.of(), manager, DataType.FLOAT32, of.input());
        Set<String> names = new HashSet<>();
        LoraModel lora = LoraModel.wrap(model, OneLayer::visit);
        int pairs = 0;
        for (SlotParameter read : SlotParameter.of(of.block())) {
            Parameter parameter = read.parameter();
            if (parameter.getType() != Parameter.Type.RUNNING_MEAN
                    && parameter.getType() != Parameter.Type.RUNNING_VAR) {
                assertFalse(read.name().isEmpty(), parameter.getName());
                assertTrue(names.add(read.name()), read.name());
            }
            if (parameter.getArray().getShape().dimension() == 2) {
                assertAdapts(lora, "layer." + read.name(), parameter, of, pairs++);
            }
        }
    }

    private void assertAdapts(LoraModel lora, String name, Parameter parameter, Case of, int salt) {
        LoraConfig config =
                LoraConfig.builder().optTargetParameters(name).optRank(2).optLoraAlpha(3).build();
        AdapterState adapter = (AdapterState) lora.create("a", config);
        assertEquals(1, adapter.pairs().size());
        scramble(adapter, salt);
        FactorPair pair = adapter.pairs().get(0);
        NDArray x = manager.create(Numbers.fill(of.input(), 1), of.input());
        NDArray base = lora.forward(new NDList(x), Routing.none()).head().duplicate();
        double[][] adapted = Numbers.matrix(lora.forward(new NDList(x), Routing.of("a")).head());
        double[][] sum =
                Numbers.plusDelta(
                        Numbers.matrix(parameter.getArray()),
                        1.5,
                        Numbers.matrix(pair.loraB().getArray()),
                        Numbers.matrix(pair.loraA().getArray()));
        NDArray former = parameter.getArray().duplicate();
        float[] flat = new float[(int) former.size()];
        for (int i = 0; i < flat.length; i++) {
            flat[i] = (float) sum[i / sum[0].length][i % sum[0].length];
        }
        parameter.getArray().set(new NDIndex(":"), manager.create(flat, former.getShape()));
        NDArray expected = lora.forward(new NDList(x), Routing.none()).head();
        Numbers.assertClose(adapted, expected, 1e-5);
        assertTrue(expected.sub(base).abs().max().getFloat() > 1e-4, name + " changes nothing");
        parameter.getArray().set(new NDIndex(":"), former);
        lora.remove("a");
    }
}
