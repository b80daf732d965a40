package dev.ligature.pytorch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import dev.ligature.LoraException;
import dev.ligature.ops.GradientTape;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.Operators;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a tape adds to parameters is what autograd alone adds. */
final class TapeTest {
    private static final double TOLERANCE = 2e-6;

    private final NDManager manager = NDManager.newBaseManager();
    private final TestArrays arrays = new TestArrays(manager, 3, DataType.FLOAT32);
    private final NDArray x = arrays.of(3, 11, 16);
    private final NDArray w = arrays.of(16, 16);
    private final NDArray bias = arrays.of(16);
    private final NDArray gain = arrays.of(16);
    private final NDArray s = manager.full(new Shape(), 0.5f, DataType.FLOAT32);
    private final List<NDArray> factors =
            List.of(
                    TestArrays.trained(arrays.of(3, 16)),
                    TestArrays.trained(arrays.of(16, 3)),
                    TestArrays.trained(arrays.of(3, 16)),
                    TestArrays.trained(arrays.of(16, 3)));

    @AfterEach
    void close() {
        manager.close();
    }

    /** The operators of a pass, with the two that only a tape has. */
    private final class Pass {
        private final Operators operators;
        private final NDManager scope;

        Pass(Operators operators, NDManager scope) {
            this.operators = operators;
            this.scope = scope;
        }

        NDArray lora(NDArray in, int pair, NDArray base) {
            NDArray a = factors.get(2 * pair);
            NDArray b = factors.get(2 * pair + 1);
            if (operators instanceof GradientTape tape) {
                NDArray y = tape.lora(in, w, base, a, b, s);
                assertTrue(y != null);
                return y;
            }
            NDArray term = in.matMul(a.transpose()).matMul(b.transpose()).mul(s);
            return operators.linear(in, w, base).add(term);
        }

        NDArray input() {
            NDArray in = x.duplicate();
            in.attach(scope);
            return in;
        }
    }

    /** Returns the gradients of the factors, from the tape or from autograd. */
    private List<NDArray> gradients(boolean taped, Function<Pass, NDArray> loss) {
        NDArray zero = manager.zeros(new Shape(1));
        for (NDArray factor : factors) {
            factor.getGradient().muli(zero);
        }
        try (NDManager scope = manager.newSubManager();
                Script script = Script.load(Script.MANY, "onednn");
                GradientTape tape = taped ? new Tape(script, scope) : null;
                GradientCollector collector = manager.getEngine().newGradientCollector()) {
            NDArray value = loss.apply(new Pass(taped ? tape : OperatorLookup.plain(true), scope));
            backward(collector, tape, value);
        }
        return factors.stream().map(factor -> factor.getGradient().duplicate()).toList();
    }

    /** Goes back, within the time that the collector has autograd record. */
    private static void backward(
            GradientCollector collector, @Nullable GradientTape tape, NDArray loss) {
        if (tape == null) {
            collector.backward(loss);
        } else {
            tape.backward(loss);
        }
    }

    private void assertSame(Function<Pass, NDArray> loss) {
        List<NDArray> expected = gradients(false, loss);
        List<NDArray> actual = gradients(true, loss);
        for (int i = 0; i < expected.size(); i++) {
            TestArrays.assertClose(expected.get(i), actual.get(i), TOLERANCE, "factor " + i);
        }
    }

    @Test
    void aChainOfOperators() {
        assertSame(
                pass -> {
                    Operators ops = pass.operators;
                    NDArray h = pass.lora(pass.input(), 0, null);
                    NDArray up = ops.linear(ops.rmsNorm(h, gain, 1e-5f), w, bias);
                    return pass.lora(ops.swiGlu(h, up), 1, bias).square().mean();
                });
    }

    @Test
    void autogradAndTheTape_readTheSameArrays_beforeAndAfterEachOther() {
        assertSame(
                pass -> {
                    Operators ops = pass.operators;
                    NDArray h = pass.lora(pass.input(), 0, bias).tanh(); // autograd's
                    NDArray before = h.square();
                    NDArray through = pass.lora(h, 1, null); // makes h a leaf
                    NDArray sum = h.add(through).add(before).add(ops.linear(h, w, null));
                    NDArray normed = ops.rmsNorm(sum, gain, 1e-5f);
                    return normed.add(sum).mul(ops.linear(normed, w, bias)).mean();
                });
    }

    @Test
    void onePairTwice_getsBothGradients() {
        assertSame(
                pass -> {
                    NDArray h = pass.lora(pass.input(), 0, null);
                    return pass.lora(h.sin(), 0, null).add(pass.lora(h, 1, null)).square().mean();
                });
    }

    @Test
    void aParameterAsAnInput_isTrained_andStaysWhatItIs() {
        NDArray prompt = TestArrays.trained(arrays.of(8, 16));
        try (Script script = Script.load(Script.MANY, "onednn");
                GradientTape tape = new Tape(script, manager);
                GradientCollector collector = manager.getEngine().newGradientCollector()) {
            backward(collector, tape, tape.linear(prompt, w, null).sum());
        }
        NDArray expected = manager.ones(new Shape(8, 16)).matMul(w);
        TestArrays.assertClose(expected, prompt.getGradient(), TOLERANCE, "prompt");
        prompt.getGradient().muli(manager.zeros(new Shape(1)));
    }

    @Test
    void aResultThatTheLossDoesNotRead_changesNothing() {
        assertSame(
                pass -> {
                    NDArray h = pass.lora(pass.input(), 0, null);
                    pass.lora(h, 1, null);
                    return h.sum();
                });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void crossEntropy_isThatOfLogSoftmax(boolean all) {
        NDArray classes =
                manager.arange(33)
                        .mod(manager.full(new Shape(), 16f, DataType.FLOAT32))
                        .toType(DataType.INT64, false)
                        .reshape(33, 1);
        NDArray counted =
                all ? null : classes.gt(manager.zeros(new Shape())).toType(DataType.FLOAT32, false);
        assertSame(
                pass -> {
                    NDArray logits = pass.lora(pass.input(), 0, bias);
                    if (pass.operators instanceof GradientTape tape) {
                        NDArray loss = tape.crossEntropy(logits, classes, counted, 20);
                        return loss.mul(manager.full(new Shape(), 3f, DataType.FLOAT32));
                    }
                    NDArray picked = logits.reshape(33, 16).logSoftmax(1).gather(classes, 1);
                    NDArray kept = all ? picked : picked.mul(counted);
                    return kept.sum().mul(manager.full(new Shape(), -3f / 20, DataType.FLOAT32));
                });
    }

    @Test
    void trainedWeights_andOtherTypes_areAutograds() {
        NDArray own = TestArrays.trained(arrays.of(16, 16));
        try (Script script = Script.load(Script.MANY, "onednn");
                Tape tape = new Tape(script, manager);
                GradientCollector collector = manager.getEngine().newGradientCollector()) {
            collector.backward(tape.linear(x, own, null).sum());
            NDArray a = factors.get(0);
            NDArray b = factors.get(1);
            assertNull(tape.lora(x, own, null, a, b, s));
            assertNull(tape.lora(x, w, null, a.stopGradient(), b, s));
            NDArray half = x.toType(DataType.FLOAT16, false);
            assertEquals(
                    DataType.FLOAT16,
                    tape.linear(half, w.toType(DataType.FLOAT16, false), null).getDataType());
        }
        NDArray expected = x.reshape(33, 16).sum(new int[] {0}).broadcast(16, 16);
        TestArrays.assertClose(expected, own.getGradient(), TOLERANCE, "weight");
        own.getGradient().muli(manager.zeros(new Shape(1)));
    }

    @Test
    void anInputThatIsOverwrittenBehindItsReader_isAnError() {
        try (Script script = Script.load(Script.MANY, "onednn");
                NDManager scope = manager.newSubManager();
                GradientTape tape = new Tape(script, scope);
                GradientCollector collector = manager.getEngine().newGradientCollector()) {
            NDArray in = x.duplicate();
            NDArray y = tape.lora(in, w, null, factors.get(0), factors.get(1), s);
            in.addi(in);
            NDArray loss = y.sum();
            LoraException error =
                    assertThrows(LoraException.class, () -> backward(collector, tape, loss));
            assertEquals("OperatorOverwritten", error.code());
        }
    }

    @Test
    void aTape_leavesNoArrays() {
        gradients(true, pass -> pass.lora(pass.input(), 0, null).square().mean());
        try (Script script = Script.load(Script.MANY, "onednn")) {
            int before = live();
            for (int i = 0; i < 100; i++) {
                try (NDManager scope = manager.newSubManager();
                        GradientTape tape = new Tape(script, scope);
                        GradientCollector collector = manager.getEngine().newGradientCollector()) {
                    Pass pass = new Pass(tape, scope);
                    NDArray h = pass.lora(pass.input(), 0, bias);
                    NDArray r = tape.rmsNorm(h.add(h), gain, 1e-5f);
                    backward(collector, tape, pass.lora(tape.swiGlu(r, h), 1, null).sum());
                }
                if (i == 0) {
                    before = live(); // selectors of the methods
                }
            }
            assertEquals(before, live());
        }
    }

    private static int live() {
        try (NDManager own = NDManager.newBaseManager()) {
            return own.getParentManager().getManagedArrays().size();
        }
    }
}
