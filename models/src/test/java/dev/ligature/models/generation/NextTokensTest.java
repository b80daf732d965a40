package dev.ligature.models.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same tokens, whether logits are copied to the heap or not. */
class NextTokensTest {
    private static TextRow row(double temperature, long seed) {
        GenerationOptions options = GenerationOptions.greedy(9).withTemperature(temperature, seed);
        return new TextRow(new long[] {1}, "", options, id -> {});
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT32", "FLOAT16"})
    void greedyRows_takeTheFirstOfTheLargest(DataType type) {
        Random random = new Random(3);
        int rows = 7;
        int vocabulary = 5_003;
        try (NDManager manager = NDManager.newBaseManager()) {
            for (int turn = 0; turn < 20; turn++) {
                float[] numbers = new float[rows * 2 * vocabulary];
                for (int i = 0; i < numbers.length; i++) {
                    numbers[i] = random.nextInt(6); // so that there are many ties
                }
                NDArray logits =
                        manager.create(numbers, new Shape(rows, 2, vocabulary)).toType(type, false);
                int[] expected =
                        IntStream.range(0, rows)
                                .map(row -> first(numbers, (2 * row + 1) * vocabulary, vocabulary))
                                .toArray();
                List<TextRow> greedy = IntStream.range(0, rows).mapToObj(i -> row(0, i)).toList();
                assertArrayEquals(expected, NextTokens.choose(greedy, logits));
                List<TextRow> one =
                        IntStream.range(0, rows).mapToObj(i -> row(i == 3 ? 1 : 0, i)).toList();
                int[] mixed = NextTokens.choose(one, logits);
                mixed[3] = expected[3];
                assertArrayEquals(expected, mixed);
            }
        }
    }

    private static int first(float[] numbers, int from, int count) {
        int best = from;
        for (int i = from; i < from + count; i++) {
            best = numbers[i] > numbers[best] ? i : best;
        }
        return best - from;
    }
}
