package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.training.NextTokenLoss;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import dev.ligature.training.TrainingLoop;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Gradients and steps of a pair that two modules read. */
final class TiedTrainingTest extends ToyTest {
    @Test
    void theGradientOfATiedPair_isTheSumOverItsReaders() {
        LoraModel lora = wrapToy(true);
        AdapterState adapter =
                (AdapterState) lora.create("a", config("embed").optEnsureWeightTying(true).build());
        scramble(adapter, 1);
        FactorPair pair = adapter.pairs().get(0);

        double[][] gradient = gradientOfA(lora, "a");

        // Central differences of the sum of squares, computed by hand in double precision.
        double[][] a = Numbers.matrix(pair.loraA().getArray());
        double[][] b = Numbers.matrix(pair.loraB().getArray());
        double step = 1e-5;
        for (int r = 0; r < a.length; r++) {
            for (int i = 0; i < a[0].length; i++) {
                double at = a[r][i];
                a[r][i] = at + step;
                double up = sumOfSquares(lora, pair.plan().scaling(), a, b);
                a[r][i] = at - step;
                double down = sumOfSquares(lora, pair.plan().scaling(), a, b);
                a[r][i] = at;
                double expected = (up - down) / (2 * step);
                assertEquals(expected, gradient[r][i], 1e-4 * (1 + Math.abs(expected)));
            }
        }
    }

    @Test
    @Tag("D18")
    @Tag("D19")
    @Tag("D20")
    void aTiedPair_isOneParameterAndOneStepOfTheOptimizer() {
        LoraModel lora = wrapToy(true);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a", config("embed", "head").optEnsureWeightTying(true).build());
        scramble(adapter, 2);
        assertEquals(2 * (ToyModel.V + ToyModel.D), adapter.plan().trainableParameters());
        assertEquals(2, adapter.parameters().size());
        Parameter a = adapter.pairs().get(0).loraA();
        assertSame(a, adapter.parameters().valueAt(0));
        float[] gradient = gradientOfTheLoss(lora, a);
        float[] before = a.getArray().toFloatArray();
        double rate = 0.01;

        TrainingConfig config =
                TrainingConfig.builder()
                        .optOptimizer(OptimizerKind.ADAMW)
                        .optLearningRate((float) rate)
                        .optWeightDecay(0)
                        .build();
        try (TrainingLoop loop = TrainingLoop.over(lora.routed(Routing.of("a")), manager, config)) {
            loop.step(ids().head());
        }

        // The first step of Adam is −lr · g / (|g| + eps): the rate, against the gradient.
        float[] after = a.getArray().toFloatArray();
        for (int i = 0; i < before.length; i++) {
            assertEquals(-rate * Math.signum(gradient[i]), after[i] - before[i], 1e-5);
        }
    }

    private float[] gradientOfTheLoss(LoraModel lora, Parameter parameter) {
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDList logits = lora.routed(Routing.of("a")).forward(store, ids(), true);
            collector.backward(new NextTokenLoss().evaluate(ids(), logits));
        }
        try (NDArray gradient = parameter.getArray().getGradient()) {
            return gradient.toFloatArray();
        }
    }

    private double[][] gradientOfA(LoraModel lora, String name) {
        Block routed = lora.routed(Routing.of(name));
        NDArray a = ((AdapterState) lora.adapter(name)).pairs().get(0).loraA().getArray();
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray logits = routed.forward(store, ids(), true).singletonOrThrow();
            collector.backward(logits.square().sum());
        }
        try (NDArray gradient = a.getGradient()) {
            return Numbers.matrix(gradient);
        }
    }

    private double sumOfSquares(LoraModel lora, double s, double[][] a, double[][] b) {
        double[][] table =
                Numbers.plusDelta(
                        Numbers.matrix(parameter(lora, "01embed_weight").getArray()), s, b, a);
        double[][] w = Numbers.matrix(parameter(lora, "02proj_weight").getArray());
        double[] bias = Numbers.matrix(parameter(lora, "02proj_bias").getArray())[0];
        double[][] mixed = Numbers.linear(Numbers.rows(table, IDS), w, bias);
        double sum = 0;
        for (double[] row : Numbers.linear(mixed, table, new double[0])) {
            for (double value : row) {
                sum += value * value;
            }
        }
        return sum;
    }

    @Test
    void training_movesTheRoutedAdapterAlone() {
        LoraModel lora = wrapToy(true);
        AdapterState trained = (AdapterState) lora.create("a", config("proj").build());
        AdapterState idle = (AdapterState) lora.create("b", config("proj").build());
        scramble(trained, 3);
        scramble(idle, 4);
        float[] idleBefore = idle.pairs().get(0).loraA().getArray().toFloatArray();
        float[] base = parameter(lora, "02proj_weight").getArray().toFloatArray();
        TrainingConfig config =
                TrainingConfig.builder()
                        .optOptimizer(OptimizerKind.ADAMW)
                        .optLearningRate(0.1f)
                        .optWeightDecay(0.5f)
                        .build();

        double first;
        double last = 0;
        try (TrainingLoop loop = TrainingLoop.over(lora.routed(Routing.of("a")), manager, config)) {
            first = loop.step(ids().head()).loss();
            for (int i = 0; i < 20; i++) {
                last = loop.step(ids().head()).loss();
            }
        }

        org.junit.jupiter.api.Assertions.assertTrue(last < first, first + " -> " + last);
        org.junit.jupiter.api.Assertions.assertArrayEquals(
                idleBefore, idle.pairs().get(0).loraA().getArray().toFloatArray());
        org.junit.jupiter.api.Assertions.assertArrayEquals(
                base, parameter(lora, "02proj_weight").getArray().toFloatArray());
        // What was trained is served: the detached arrays share the storage.
        NDArray logits = lora.forward(store, new NDList(ids().head()), Routing.of("a")).head();
        Numbers.assertClose(byHand(lora, null, trained.pairs().get(0), null), logits, 1e-5);
    }
}
