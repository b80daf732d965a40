package dev.ligature.pytorch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import dev.ligature.ops.AttentionSpan;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.Operators;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.event.Level;

/** The operators of generation, against those of DJL's arrays. */
final class DecodingTest {
    private static final OperatorNames ALL = OperatorNames.of("attention,rows");
    private static final long[] LENGTHS = {7, 0, 30, 7, 12};

    private final NDManager manager = NDManager.newBaseManager();
    private final TestArrays arrays = new TestArrays(manager, 11, DataType.FLOAT32);
    private final Decoding decoding = Decoding.of(ALL, Script::load);
    private final Operators operators = new ServingOperators(null, decoding);
    private final Operators plain = OperatorLookup.plain(false);

    @AfterEach
    void close() {
        assertNotNull(decoding.script(), decoding.reason());
        decoding.script().close();
        manager.close();
    }

    /** What a layer computes of texts. */
    private final class Layer {
        private final NDArray queries;
        private final NDArray keys;
        private final NDArray values;
        private final NDList caches = new NDList();

        Layer(int heads, int groups, int size) {
            queries = arrays.of(LENGTHS.length, heads, groups, size);
            keys = arrays.of(LENGTHS.length, heads, 1, size);
            values = arrays.of(LENGTHS.length, heads, 1, size);
            for (long length : LENGTHS) {
                // Of layers in one array, as caches are.
                caches.add(arrays.of(4, heads, length + 3, size).split(2, 0).get(1));
            }
        }

        NDList copies() {
            NDList copies = new NDList();
            caches.forEach(cache -> copies.add(cache.duplicate()));
            return copies;
        }

        NDArray attend(Operators by, NDList in, AttentionSpan span) {
            return by.attention(queries, keys, values, in, span);
        }
    }

    private AttentionSpan span(int window, float cap) {
        return new AttentionSpan(manager, LENGTHS, window, cap);
    }

    @ParameterizedTest
    @CsvSource({
        "2, 5, 32, 0, 0",
        "3, 1, 7, 0, 0",
        "1, 8, 64, 5, 0",
        "2, 3, 16, 1, 0.3",
        "4, 2, 9, 0, 2"
    })
    void attention_isThatOfDjl(int heads, int groups, int size, int window, float cap) {
        Layer layer = new Layer(heads, groups, size);
        NDList copies = layer.copies();
        AttentionSpan span = span(window, cap);
        NDArray expected = layer.attend(plain, copies, span);
        NDArray computed = layer.attend(operators, layer.caches, span);
        TestArrays.assertClose(expected, computed, 1e-6, "attention");
        for (int i = 0; i < LENGTHS.length; i++) {
            assertArrayEquals(
                    copies.get(i).toFloatArray(), layer.caches.get(i).toFloatArray(), "cache " + i);
        }
    }

    @Test
    void attention_ofATextDoesNotDependOnTheOthers_toTheBit() {
        Layer layer = new Layer(2, 5, 32);
        NDArray together = layer.attend(operators, layer.copies(), span(0, 0));
        for (int i = 0; i < LENGTHS.length; i++) {
            AttentionSpan alone = new AttentionSpan(manager, new long[] {LENGTHS[i]}, 0, 0);
            NDArray y =
                    operators.attention(
                            layer.queries.split(LENGTHS.length, 0).get(i),
                            layer.keys.split(LENGTHS.length, 0).get(i),
                            layer.values.split(LENGTHS.length, 0).get(i),
                            new NDList(layer.caches.get(i)),
                            alone);
            assertArrayEquals(together.get(i).toFloatArray(), y.get(0).toFloatArray());
        }
    }

    @Test
    void attention_inHalfPrecision_isDjls() {
        Layer layer = new Layer(2, 2, 8);
        NDList half = new NDList();
        layer.caches.forEach(cache -> half.add(cache.toType(DataType.FLOAT16, false)));
        NDArray y =
                operators.attention(
                        layer.queries.toType(DataType.FLOAT16, false),
                        layer.keys.toType(DataType.FLOAT16, false),
                        layer.values.toType(DataType.FLOAT16, false),
                        half,
                        span(0, 0));
        assertEquals(DataType.FLOAT16, y.getDataType());
    }

    @Test
    void fourThreads_getTheSameBits_andNothingIsLeft() throws Exception {
        Layer layer = new Layer(2, 5, 32);
        NDArray w = arrays.of(512, 160);
        NDArray x = arrays.of(3, 1, 160);
        AttentionSpan span = span(9, 0);
        float[] attended = layer.attend(operators, layer.copies(), span).toFloatArray();
        float[] product = operators.linear(x, w, null).toFloatArray();
        int before = manager.getManagedArrays().size();
        ExecutorService pool = Executors.newFixedThreadPool(4);
        List<Future<Void>> ends = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            NDList own = layer.copies();
            before += own.size();
            ends.add(
                    pool.submit(
                            () -> {
                                for (int i = 0; i < 300; i++) {
                                    try (NDArray y = layer.attend(operators, own, span);
                                            NDArray z = operators.linear(x, w, null)) {
                                        assertArrayEquals(attended, y.toFloatArray());
                                        assertArrayEquals(product, z.toFloatArray());
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

    @ParameterizedTest
    @CsvSource({
        "2, 320, 800",
        "5, 65, 2111",
        "2, 320, 320",
        "3, 513, 129",
        "8, 300, 300",
        "1, 2000, 64"
    })
    void productsOfFewRows_areThoseOfDjl(long rows, long in, long out) {
        NDArray x = arrays.of(rows, 1, in);
        NDArray w = arrays.of(out, in);
        w.setName("layers.0.weight");
        NDArray bias = arrays.of(out);
        bias.setName("layers.0.bias");
        TestArrays.assertClose(
                plain.linear(x, w, null), operators.linear(x, w, null), 1e-5, "without bias");
        TestArrays.assertClose(
                plain.linear(x, w, bias), operators.linear(x, w, bias), 1e-5, "with bias");
        assertEquals("layers.0.weight", w.getName());
    }

    @Test
    void theOrderOfFewRows_isForLargeMatricesAndShortInputs() {
        NDArray large = arrays.of(512, 320);
        assertNull(decoding.linear(arrays.of(1, 320), large, null));
        assertNotNull(decoding.linear(arrays.of(2, 320), large, null));
        assertNotNull(decoding.linear(arrays.of(8, 320), large, null));
        assertNull(decoding.linear(arrays.of(9, 320), large, null));
        assertNull(decoding.linear(arrays.of(2, 320), arrays.of(64, 320), null));
        NDArray wide = arrays.of(128, 2048);
        assertNotNull(decoding.linear(arrays.of(2, 2048), wide, null));
        assertNull(decoding.linear(arrays.of(3, 2048), wide, null));
    }

    @Test
    void oneRow_andLongRows_haveWaysOfTheirOwn() {
        Decoding all = Decoding.of(OperatorNames.of("row,rows,rows-onednn"), Script::load);
        Operators by = new ServingOperators(null, all);
        NDArray large = arrays.of(512, 320);
        NDArray wide = arrays.of(128, 2048);
        for (long rows : new long[] {1, 2, 8}) {
            NDArray narrow = arrays.of(rows, 1, 320);
            NDArray longRows = arrays.of(rows, 1, 2048);
            assertNotNull(all.linear(narrow, large, null));
            assertNotNull(all.linear(longRows, wide, null));
            TestArrays.assertClose(
                    plain.linear(narrow, large, null), by.linear(narrow, large, null), 1e-5, "");
            TestArrays.assertClose(
                    plain.linear(longRows, wide, null), by.linear(longRows, wide, null), 1e-5, "");
        }
        assertNull(all.linear(arrays.of(9, 320), large, null));
        assertNull(all.linear(manager.create(new Shape(0, 320)), large, null));
        all.script().close();
        Decoding row = Decoding.of(OperatorNames.of("row"), Script::load);
        assertNotNull(row.linear(arrays.of(1, 320), large, null));
        assertNull(row.linear(arrays.of(2, 320), large, null));
        assertNotNull(row.linear(arrays.of(1, 4096), arrays.of(64, 4096), null));
        assertNull(row.linear(arrays.of(1, 4100), arrays.of(64, 4100), null));
        row.script().close();
    }

    @ParameterizedTest
    @CsvSource({"1, 512, 320", "2, 512, 320", "1, 128, 2048", "4, 128, 2048"})
    void aFewRowsWithAGraph_keepIt(long rows, long out, long in) {
        Decoding all = Decoding.of(OperatorNames.of("row,rows,rows-onednn"), Script::load);
        NDArray x = TestArrays.trained(arrays.of(rows, in));
        NDArray w = arrays.of(out, in);
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            NDArray y = all.linear(x, w, null);
            assertNotNull(y);
            collector.backward(y.sum());
        }
        NDArray expected = w.sum(new int[] {0}).broadcast(rows, in);
        TestArrays.assertClose(expected, x.getGradient(), 1e-5, "gradient");
        all.script().close();
    }

    @Test
    void whatIsSlower_isLeftOut() {
        DecodingTimes times = new DecodingTimes(0.4, 0.95, 0.9);
        assertEquals(Set.of("rows", "rows-onednn"), Set.copyOf(times.slowerThan(0.9)));
        assertEquals(List.of(), new DecodingTimes(0.4, 0.5, 0.6).slowerThan(0.9));
    }

    @Test
    void whereOneDnnIsWrong_theOthersAreUsed() {
        Decoding rest =
                Decoding.of(
                        OperatorNames.of("row,rows-onednn,layers"),
                        (name, product) ->
                                Script.of(
                                        Script.OPERATORS,
                                        Script.text(name)
                                                + Script.text("product-matmul")
                                                        .replace(
                                                                "torch.t(w)",
                                                                product.equals("onednn")
                                                                        ? "torch.neg(torch.t(w))"
                                                                        : "torch.t(w)")));
        assertEquals(Set.of("row", "layers"), rest.used());
        assertNotNull(rest.script());
        rest.script().close();
    }

    @Test
    void whatIsNotNamed_isDjls() {
        Decoding only = Decoding.of(OperatorNames.of("attention"), Script::load);
        NDArray w = arrays.of(512, 320);
        assertNull(only.linear(arrays.of(2, 320), w, null));
        assertEquals(Set.of("attention"), only.used());
        only.script().close();
        Decoding none = Decoding.of(OperatorNames.of("onednn"), Script::load);
        assertNull(none.script());
        assertEquals(Level.DEBUG, none.level());
    }

    @ParameterizedTest
    @CsvSource({
        "'torch.softmax(capped, -1)', 'torch.softmax(scores, -2)', attention",
        "'int(at[i])', '0', attention",
        "'if torch.ne(cap, 0.)', 'if torch.eq(cap, -1.)', attention",
        "'torch.stack([k, v], 1)', 'torch.stack([v, k], 1)', attention",
        "'torch.mm(w, torch.t(x))', 'torch.neg(torch.mm(w, torch.t(x)))', rows",
        "'torch.cat([x, x])', 'torch.cat([torch.neg(x), x])', rows",
        "'torch.matmul(x, torch.t(w))', 'torch.neg(torch.matmul(x, torch.t(w)))', linear"
    })
    void whatComputesWrong_isFound_andNotUsed(String right, String wrong, String operator) {
        String text = Script.text(Decoding.SCRIPT) + Script.text("product-matmul");
        assertNotEquals(text, text.replace(right, wrong));
        Decoding refused =
                Decoding.of(
                        ALL,
                        (name, product) -> Script.of(Script.OPERATORS, text.replace(right, wrong)));
        assertNull(refused.script());
        assertEquals(Set.of(), refused.used());
        assertEquals(Level.WARN, refused.level());
        assertTrue(
                refused.reason().contains("operator " + operator + " with decoding wrong"),
                refused.reason());
    }

    @Test
    void aScriptThatTheEngineRefuses_leavesDjlsOperators() {
        PyTorchOperators all =
                new PyTorchOperators(
                        "attention",
                        (name, product) ->
                                Script.of(
                                        Script.OPERATORS, "class Operators(Module):\n  no text\n"));
        assertSame(plain, all.serving());
        assertEquals("plain", all.choice());
        Layer layer = new Layer(2, 2, 8);
        assertFalse(layer.attend(all.serving(), layer.caches, span(0, 0)).isEmpty());
    }
}
