package dev.ligature.pytorch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.GradientCollector;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.Operators;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ServingOperatorsTest {
    private final NDManager manager = NDManager.newBaseManager();
    private final TestArrays arrays = new TestArrays(manager, 5, DataType.FLOAT32);
    private final Script script = Script.load(Script.MANY, "onednn");
    private final Operators operators =
            new ServingOperators(script, Decoding.of(OperatorNames.of("onednn"), Script::load));
    private final Operators plain = OperatorLookup.plain(false);

    @AfterEach
    void close() {
        script.close();
        manager.close();
    }

    @ParameterizedTest
    @CsvSource({"1, 8, 3, 5", "2, 4, 33, 65", "3, 5, 320, 800", "1, 40, 1024, 7", "9, 1, 17, 1000"})
    void linear_isThatOfTheEngine(long rows, long tokens, long in, long out) {
        NDArray x = arrays.of(rows, tokens, in);
        NDArray w = arrays.of(out, in);
        NDArray bias = arrays.of(out);
        TestArrays.assertClose(
                plain.linear(x, w, null), operators.linear(x, w, null), 1e-5, "without bias");
        TestArrays.assertClose(
                plain.linear(x, w, bias), operators.linear(x, w, bias), 1e-5, "with bias");
    }

    @Test
    void viewsAndNamedArrays_areTaken() {
        NDArray x = arrays.of(24, 10).transpose(); // (10, 24)
        NDArray w = arrays.of(24, 9).transpose(); // (9, 24)
        w.setName("layers.0.weight");
        TestArrays.assertClose(
                plain.linear(x, w, null), operators.linear(x, w, null), 1e-5, "views");
    }

    @Test
    void fewRows_andHalfPrecision_areTheEngines() {
        NDArray x = arrays.of(7, 16);
        NDArray w = arrays.of(16, 16);
        assertArrayEquals(
                plain.linear(x, w, null).toFloatArray(),
                operators.linear(x, w, null).toFloatArray());
        NDArray half = arrays.of(9, 16).toType(DataType.FLOAT16, false);
        NDArray halfWeight = w.toType(DataType.FLOAT16, false);
        assertEquals(DataType.FLOAT16, operators.linear(half, halfWeight, null).getDataType());
    }

    @Test
    void anInputWithAGraph_keepsIt() {
        NDArray x = TestArrays.trained(arrays.of(12, 16));
        NDArray w = arrays.of(8, 16);
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            collector.backward(operators.linear(x, w, null).sum());
        }
        NDArray expected = w.sum(new int[] {0}).broadcast(12, 16);
        TestArrays.assertClose(expected, x.getGradient(), 1e-5, "gradient");
    }

    @Test
    void fourThreads_getTheSameBits_andNothingIsLeft() throws Exception {
        NDArray x = arrays.of(40, 64);
        NDArray w = arrays.of(48, 64);
        NDArray bias = arrays.of(48);
        float[] expected = operators.linear(x, w, bias).toFloatArray();
        int before = manager.getManagedArrays().size();
        ExecutorService pool = Executors.newFixedThreadPool(4);
        List<Future<Void>> ends = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            ends.add(
                    pool.submit(
                            () -> {
                                for (int i = 0; i < 500; i++) {
                                    try (NDArray y = operators.linear(x, w, bias)) {
                                        assertArrayEquals(expected, y.toFloatArray());
                                    }
                                }
                                return null;
                            }));
        }
        for (Future<Void> end : ends) {
            end.get();
        }
        pool.shutdown();
        assertEquals(before, manager.getManagedArrays().size());
    }
}
