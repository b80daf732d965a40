package dev.ligature.models.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same tokens, whether logits are copied to the heap or not. */
class NextTokensTest {
    private static TextRow row(double temperature, long seed) {
        return row(Sampling.builder().optTemperature(temperature).build(), seed);
    }

    private static TextRow row(Sampling sampling, long seed) {
        GenerationOptions options =
                GenerationOptions.greedy(9).withSampling(sampling).withSeed(seed);
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

    @Test
    void rowsOfAllKinds_drawWhatTheyDrawAlone_andByAllLogits() {
        List<Sampling> kinds =
                Stream.of(
                                Sampling.builder().optTopK(1),
                                Sampling.builder().optTopK(40).optTopP(0.8),
                                Sampling.builder().optTopK(1000).optMinP(0.2),
                                Sampling.builder().optTopK(2000),
                                Sampling.builder().optMinP(0.9),
                                Sampling.builder().optMinP(0.01),
                                Sampling.builder().optTopP(0.5),
                                Sampling.builder().optTopK(3).optPresencePenalty(1),
                                Sampling.builder())
                        .map(kind -> kind.optTemperature(0.7).build())
                        .toList();
        Random random = new Random(4);
        int vocabulary = 1500;
        try (NDManager manager = NDManager.newBaseManager()) {
            for (int turn = 0; turn < 20; turn++) {
                boolean ties = turn % 2 == 0;
                float[] numbers = new float[(kinds.size() + 1) * vocabulary];
                for (int i = 0; i < numbers.length; i++) {
                    numbers[i] = ties ? random.nextInt(9) : (float) random.nextGaussian() * 2;
                }
                NDArray logits =
                        manager.create(numbers, new Shape(kinds.size() + 1, 1, vocabulary));
                int seed = turn;
                List<TextRow> rows =
                        Stream.concat(Stream.of(Sampling.GREEDY), kinds.stream())
                                .map(kind -> row(kind, seed))
                                .toList();
                int[] together = NextTokens.choose(rows, logits);
                for (int i = 0; i < rows.size(); i++) {
                    float[] own = Arrays.copyOfRange(numbers, i * vocabulary, (i + 1) * vocabulary);
                    TextRow alone = row(i == 0 ? Sampling.GREEDY : kinds.get(i - 1), seed);
                    assertEquals(alone.sampler().choose(own), together[i], "row " + i);
                }
            }
        }
    }

    @Test
    void aRowWhoseLogitsAreNotFinite_failsAlone() {
        float[][] wrong = {
            {0, Float.NaN, 1},
            {0, Float.POSITIVE_INFINITY, 1},
            {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY}
        };
        List<Sampling> kinds =
                List.of(
                        Sampling.GREEDY,
                        Sampling.builder().optTemperature(1).build(),
                        Sampling.builder().optTemperature(1).optTopK(1).build(),
                        Sampling.builder().optPresencePenalty(1).build());
        try (NDManager manager = NDManager.newBaseManager()) {
            for (float[] bad : wrong) {
                for (Sampling kind : kinds) {
                    TextRow broken = row(kind, 1);
                    TextRow whole = row(Sampling.GREEDY, 1);
                    TextRow drawn = row(Sampling.builder().optTemperature(1).build(), 1);
                    float[] numbers = {bad[0], bad[1], bad[2], 1, 2, 3, -99, 99, -99};
                    int[] chosen =
                            NextTokens.choose(
                                    List.of(broken, whole, drawn),
                                    manager.create(numbers, new Shape(3, 1, 3)));
                    assertArrayEquals(new int[] {2, 1}, new int[] {chosen[1], chosen[2]});
                    assertTrue(whole.failure().isEmpty() && drawn.failure().isEmpty());
                    assertTrue(broken.isDone());
                    String message = broken.failure().orElseThrow().getMessage();
                    assertTrue(message.startsWith("[LogitsNotFinite] No token can be"), message);
                    broken.advance(chosen[0]);
                    assertEquals(0, broken.tokens().length);
                }
            }
        }
    }

    @Test
    void whatLeavesNoToken_failsTheRow() {
        GenerationOptions options =
                GenerationOptions.greedy(3).withStopIds(Set.of(0, 1, 7)).withMinNewTokens(1);
        TextRow row = new TextRow(new long[] {1}, "legal", options, id -> {});
        try (NDManager manager = NDManager.newBaseManager()) {
            NextTokens.choose(List.of(row), manager.create(new float[] {1, 2}, new Shape(1, 1, 2)));
        }
        assertEquals(
                "[LogitsNotFinite] No token can be chosen after 0 new tokens of a text through"
                        + " adapter 'legal', because its largest logit is -Infinity. Look for NaN,"
                        + " infinite and huge values in the weights of the adapter and of the base.",
                row.failure().orElseThrow().getMessage());
    }

    private static int first(float[] numbers, int from, int count) {
        int best = from;
        for (int i = from; i < from + count; i++) {
            best = numbers[i] > numbers[best] ? i : best;
        }
        return best - from;
    }
}
