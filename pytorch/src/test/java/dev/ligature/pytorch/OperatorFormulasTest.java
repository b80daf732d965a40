package dev.ligature.pytorch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The gradients that are written out, against central differences in float64. */
final class OperatorFormulasTest {
    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-7;

    private final NDManager manager = NDManager.newBaseManager();
    private final Script script = Script.load(Script.MANY, "matmul"); // oneDNN has no float64
    private final TestArrays arrays = new TestArrays(manager, 7, DataType.FLOAT64);
    private final NDArray x = arrays.of(2, 3, 5);
    private final NDArray w = arrays.of(4, 5);
    private final NDArray a = arrays.of(2, 5);
    private final NDArray b = arrays.of(4, 2);
    private final NDArray s = manager.create(0.7);
    private final NDArray dy = arrays.of(2, 3, 4);

    @BeforeEach
    void fails_whereTheEngineIsAnother() {
        assertEquals(Script.ENGINE, manager.getEngine().getEngineName());
    }

    @AfterEach
    void close() {
        script.close();
        manager.close();
    }

    private NDArray call(String method, NDArray... arguments) {
        return script.call(method, arguments).head();
    }

    @Test
    void linear() {
        check(x, v -> call("linear", v, w), call("linear_backward", dy, w), dy);
    }

    @Test
    void lora_byTheSumOfTheWeights_andByTheTerm() {
        NDList factors = script.call("lora_factors", dy, x, a, b, s);
        for (String way : new String[] {"lora_merged", "lora_term"}) {
            NDArray dx = call(way + "_input", dy, w, a, b, s);
            check(x, v -> call(way, v, w, a, b, s), dx, dy);
            check(a, v -> call(way, x, w, v, b, s), factors.get(0), dy);
            check(b, v -> call(way, x, w, a, v, s), factors.get(1), dy);
        }
    }

    @Test
    void rmsNorm() {
        NDArray g = arrays.of(5);
        NDArray e = manager.create(1e-3);
        NDArray d = arrays.of(2, 3, 5);
        NDArray r = script.call("rms_norm", x, g, e).get(1);
        check(x, v -> call("rms_norm", v, g, e), call("rms_norm_backward", d, x, g, r), d);
    }

    @Test
    void swiGlu() {
        NDArray up = arrays.of(2, 3, 5);
        NDArray d = arrays.of(2, 3, 5);
        NDList gradients = script.call("swi_glu_backward", d, x, up);
        check(x, v -> call("swi_glu", v, up), gradients.get(0), d);
        check(up, v -> call("swi_glu", x, v), gradients.get(1), d);
    }

    @Test
    void crossEntropy_withWeights_andWithLogitsThatOverflowAnExponential() {
        NDArray classes = manager.create(new long[] {0, 4, 2, 2, 1, 3}, new Shape(6, 1));
        NDArray weight = manager.create(new double[] {1, 0, 1, 0.5, 1, 2}, new Shape(6, 1));
        NDArray one = manager.create(1.0);
        for (double scale : new double[] {1, 800}) {
            NDArray logits = x.mul(manager.create(scale));
            NDArray gradient = script.call("cross_entropy", logits, classes, weight).get(1);
            check(logits, v -> call("cross_entropy", v, classes, weight), gradient, one);
        }
    }

    /** Compares a gradient with the change of Σ result · d where each number moves a little. */
    private void check(NDArray at, Function<NDArray, NDArray> of, NDArray gradient, NDArray d) {
        double[] values = at.toDoubleArray();
        double[] differences = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            double up = moved(at, values, i, STEP, of, d);
            double down = moved(at, values, i, -STEP, of, d);
            differences[i] = (up - down) / (2 * STEP);
        }
        NDArray expected = manager.create(differences, at.getShape());
        TestArrays.assertClose(expected, gradient, TOLERANCE, "gradient");
    }

    private double moved(
            NDArray at,
            double[] values,
            int index,
            double by,
            Function<NDArray, NDArray> of,
            NDArray d) {
        double[] moved = values.clone();
        moved[index] += by;
        try (NDArray argument = manager.create(moved, at.getShape())) {
            return of.apply(argument).mul(d).sum().getDouble();
        }
    }
}
