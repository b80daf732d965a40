package dev.ligature.pytorch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.ops.AttentionSpan;
import dev.ligature.ops.LayerTerms;
import dev.ligature.ops.LinearTerms;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Layers of a decoder in one call, against the same of DJL's arrays. */
final class LayersTest {
    private static final int HIDDEN = 48;
    private static final int SIZE = 8;
    private static final int GROUPS = 3;
    private static final int INNER = 100;

    private final NDManager manager = NDManager.newBaseManager();
    private final TestArrays arrays = new TestArrays(manager, 5, DataType.FLOAT32);
    private final Decoding decoding =
            Decoding.of(OperatorNames.of("layers,row,rows,rows-onednn"), Script::load);

    @AfterEach
    void close() {
        assertNotNull(decoding.script(), decoding.reason());
        decoding.script().close();
        manager.close();
    }

    private LinearTerms linear(int in, int out) {
        NDArray scaling = manager.full(new Shape(), 0.25f);
        return new LinearTerms(
                arrays.of(out, in),
                null,
                new LinearTerms.Factors(arrays.of(4, in), arrays.of(out, 4), scaling));
    }

    private List<LayerTerms> layers(int count, long... lengths) {
        AttentionSpan span = new AttentionSpan(manager, lengths, 0, 0);
        long texts = lengths.length;
        LayerTerms.Rotation rotation =
                new LayerTerms.Rotation(
                        arrays.of(texts, 1, 1, SIZE),
                        arrays.of(texts, 1, 1, SIZE),
                        arrays.of(texts, 1, 1, SIZE),
                        arrays.of(texts, 1, 1, SIZE),
                        SIZE);
        List<LayerTerms> layers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            layers.add(
                    new LayerTerms(
                            new LayerTerms.Norm(arrays.of(HIDDEN), 1e-5f),
                            new LayerTerms.Attention(
                                    linear(HIDDEN, HIDDEN),
                                    linear(HIDDEN, HIDDEN / GROUPS),
                                    linear(HIDDEN, HIDDEN / GROUPS),
                                    linear(HIDDEN, HIDDEN),
                                    null,
                                    null,
                                    HIDDEN / SIZE / GROUPS,
                                    GROUPS,
                                    SIZE,
                                    rotation,
                                    span),
                            new LayerTerms.Norm(arrays.of(HIDDEN), 1e-5f),
                            linear(HIDDEN, INNER),
                            linear(HIDDEN, INNER),
                            linear(INNER, HIDDEN)));
        }
        return layers;
    }

    private NDList caches(int layers, long... lengths) {
        NDList caches = new NDList();
        for (long length : lengths) {
            caches.add(arrays.of(2L * layers, HIDDEN / SIZE / GROUPS, length + 2, SIZE));
        }
        return caches;
    }

    private static NDList copies(NDList caches) {
        NDList copies = new NDList();
        caches.forEach(cache -> copies.add(cache.duplicate()));
        return copies;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8, 9, 32})
    void anyNumberOfTexts_isThatOfDjl_andTheResultCanBeWrittenTo(int texts) {
        long[] lengths = new long[texts];
        for (int i = 0; i < texts; i++) {
            lengths[i] = i * 7L % 11;
        }
        List<LayerTerms> layers = layers(3, lengths);
        NDList caches = caches(3, lengths);
        NDList copies = copies(caches);
        NDArray x = arrays.of(texts, 1, HIDDEN);
        float[] before = x.toFloatArray();
        NDArray y = decoding.layers(x, layers, caches);
        assertNotNull(y);
        TestArrays.assertClose(PlainLayers.of(x, layers, copies), y, 1e-4, "layers");
        TestArrays.assertClose(copies.get(0), caches.get(0), 1e-4, "cache");
        assertArrayEquals(before, x.toFloatArray());
        y.addi(x); // what comes behind may be computed in place
    }

    @Test
    void tooManyTexts_andOtherTypes_areLeftToTheBlocks() {
        long[] many = new long[33];
        assertNull(decoding.layers(arrays.of(33, 1, HIDDEN), layers(1, many), caches(1, many)));
        NDArray half = arrays.of(1, 1, HIDDEN).toType(DataType.FLOAT16, false);
        assertNull(decoding.layers(half, layers(1, 3), caches(1, 3)));
        assertEquals(32, new ServingOperators(null, decoding).textsAtOnce());
        Decoding without = Decoding.of(OperatorNames.of("attention"), Script::load);
        assertEquals(0, without.textsAtOnce());
        assertNull(without.layers(arrays.of(1, 1, HIDDEN), layers(1, 3), caches(1, 3)));
        without.script().close();
    }

    @Test
    void fourThreads_getTheSameBits_andNothingIsLeft() throws Exception {
        long[] lengths = {4, 9};
        List<LayerTerms> layers = layers(2, lengths);
        NDList caches = caches(2, lengths);
        NDArray x = arrays.of(2, 1, HIDDEN);
        float[] expected = decoding.layers(x, layers, copies(caches)).toFloatArray();
        ExecutorService pool = Executors.newFixedThreadPool(4);
        List<Future<Void>> ends = new ArrayList<>();
        for (int thread = 0; thread < 4; thread++) {
            ends.add(
                    pool.submit(
                            () -> {
                                try (NDManager own = manager.newSubManager()) {
                                    NDArray input = x.duplicate();
                                    input.attach(own);
                                    NDList copies = copies(caches);
                                    copies.attach(own);
                                    long arrays = own.getManagedArrays().size();
                                    for (int i = 0; i < 200; i++) {
                                        try (NDManager pass = own.newSubManager()) {
                                            NDArray in = input.duplicate();
                                            in.attach(pass);
                                            NDArray y = decoding.layers(in, layers, copies);
                                            assertArrayEquals(expected, y.toFloatArray());
                                        }
                                    }
                                    assertEquals(arrays, own.getManagedArrays().size());
                                }
                                return null;
                            }));
        }
        for (Future<Void> end : ends) {
            end.get();
        }
        pool.shutdown();
    }

    @ParameterizedTest
    @CsvSource({
        "'torch.floordiv(n, 2)', 'torch.floordiv(n, 3)'",
        "'torch.silu(gate)', 'torch.relu(gate)'",
        "'torch.add(p, 27)', 'p'",
        "'torch.add(p, 26)', 'torch.add(p, 25)'",
        "'torch.add(e, 3)', 'torch.add(e, 1)'",
        "'torch.add(p, 34)', 'torch.add(p, 28)'",
        "'torch.add_(y, bias)', 'y'",
        "'s = p[torch.add(i, 4)]', 's = torch.neg(p[torch.add(i, 4)])'",
        "'torch.index_select(a, 0, items)', 'torch.slice(a, 0, 0, torch.size(x, 0))'",
        "'torch.index_select(b, 0, items)', 'torch.slice(b, 0, 0, torch.size(x, 0))'",
        "'torch.squeeze(term, 2)', 'torch.neg(torch.squeeze(term, 2))'",
        "'torch.add(s, i)', 'i'",
        "'tables[torch.add(t, 3)]', 'tables[torch.add(t, 1)]'",
        "'torch.add(e, 1)', 'torch.add(e, 2)'",
        "'caches[i], 0, torch.mul(2, l), torch.add(torch.mul(2, l), 2)', 'caches[i], 0, 0, 2'"
    })
    void whatComputesWrong_isFound_andNotUsed(String right, String wrong) {
        String text = Script.text(Decoding.SCRIPT) + Script.text("product-matmul");
        String changed = text.replace(right, wrong);
        assertNotEquals(text, changed);
        Decoding refused =
                Decoding.of(
                        OperatorNames.of("layers"),
                        (name, product) -> Script.of(Script.OPERATORS, changed));
        assertNull(refused.script(), wrong);
        assertTrue(refused.reason().contains("layers"), refused.reason());
    }
}
