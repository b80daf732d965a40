package dev.ligature.ops;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Attention over the caches of several texts, against the formula computed number by number. */
final class PlainAttentionTest {
    private static final int HEADS = 2; // KV
    private static final int GROUPS = 3; // G
    private static final int SIZE = 4; // D
    private static final int CAPACITY = 9; // C
    private static final long[] LENGTHS = {0, 3, 8};

    private final NDManager manager = NDManager.newBaseManager();
    private final Random random = new Random(3);

    @AfterEach
    void close() {
        manager.close();
    }

    private NDArray random(long... shape) {
        Shape of = new Shape(shape);
        double[] values = random.doubles(of.size(), -2, 2).toArray();
        return manager.create(values, of).toType(DataType.FLOAT32, false);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "3, 0", "1, 0", "100, 0", "0, 0.7", "4, 2"})
    void eachTextSeesItsWindow(int window, float cap) {
        int texts = LENGTHS.length;
        NDArray q = random(texts, HEADS, GROUPS, SIZE);
        NDArray k = random(texts, HEADS, 1, SIZE);
        NDArray v = random(texts, HEADS, 1, SIZE);
        NDList caches = new NDList();
        float[][] before = new float[texts][];
        for (int i = 0; i < texts; i++) {
            caches.add(random(2, HEADS, CAPACITY, SIZE));
            before[i] = caches.get(i).toFloatArray();
        }
        AttentionSpan span = new AttentionSpan(manager, LENGTHS, window, cap);
        NDArray y = OperatorLookup.plain(false).attention(q, k, v, caches, span);
        assertEquals(q.getShape(), y.getShape());
        float[] computed = y.toFloatArray();
        for (int text = 0; text < texts; text++) {
            float[] cache = before[text];
            write(cache, 0, text, k.toFloatArray());
            write(cache, 1, text, v.toFloatArray());
            assertArrayEquals(cache, caches.get(text).toFloatArray(), "cache of text " + text);
            for (int head = 0; head < HEADS; head++) {
                for (int group = 0; group < GROUPS; group++) {
                    int at = ((text * HEADS + head) * GROUPS + group) * SIZE;
                    float[] query = new float[SIZE];
                    System.arraycopy(q.toFloatArray(), at, query, 0, SIZE);
                    double[] expected = seen(query, cache, head, LENGTHS[text], window, cap);
                    for (int d = 0; d < SIZE; d++) {
                        assertEquals(expected[d], computed[at + d], 1e-5, text + " " + head);
                    }
                }
            }
        }
    }

    private static void write(float[] cache, int which, int text, float[] values) {
        for (int head = 0; head < HEADS; head++) {
            int to = ((which * HEADS + head) * CAPACITY + (int) LENGTHS[text]) * SIZE;
            System.arraycopy(values, (text * HEADS + head) * SIZE, cache, to, SIZE);
        }
    }

    private static double[] seen(
            float[] query, float[] cache, int head, long length, int window, float cap) {
        int end = (int) length + 1;
        int first = window > 0 ? Math.max(0, end - window) : 0;
        double[] sum = new double[SIZE];
        double all = 0;
        for (int token = first; token < end; token++) {
            double score = 0;
            for (int d = 0; d < SIZE; d++) {
                score += query[d] * cache[(head * CAPACITY + token) * SIZE + d];
            }
            double weight = Math.exp(cap == 0 ? score : cap * Math.tanh(score / cap));
            all += weight;
            for (int d = 0; d < SIZE; d++) {
                sum[d] += weight * cache[((HEADS + head) * CAPACITY + token) * SIZE + d];
            }
        }
        for (int d = 0; d < SIZE; d++) {
            sum[d] /= all;
        }
        return sum;
    }

    @Test
    void halfPrecision_staysHalf() {
        NDArray q = random(1, HEADS, GROUPS, SIZE).toType(DataType.FLOAT16, false);
        NDArray k = random(1, HEADS, 1, SIZE).toType(DataType.FLOAT16, false);
        NDList caches =
                new NDList(random(2, HEADS, CAPACITY, SIZE).toType(DataType.FLOAT16, false));
        AttentionSpan span = new AttentionSpan(manager, new long[] {2}, 0, 0);
        NDArray y = OperatorLookup.plain(false).attention(q, k, k, caches, span);
        assertEquals(DataType.FLOAT16, y.getDataType());
    }
}
