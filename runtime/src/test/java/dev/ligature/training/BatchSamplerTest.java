package dev.ligature.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Windows and batches; token n of a stream is n, so a batch shows where it was cut. */
final class BatchSamplerTest {
    @Test
    void windowsInOrder_predictEveryTokenButTheFirstOnce() {
        try (NDManager manager = NDManager.newBaseManager()) {
            TokenWindows windows = TokenWindows.of(stream(18), 5); // 0-4, 4-8, 8-12, 12-16
            assertEquals(4, windows.count());
            List<NDArray> batches = windows.batches(3, manager);
            assertEquals(2, batches.size());
            assertEquals(new Shape(3, 5), batches.get(0).getShape());
            assertEquals(DataType.INT64, batches.get(0).getDataType());
            assertArrayEquals(
                    new long[] {0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12},
                    batches.get(0).toLongArray());
            assertArrayEquals(new long[] {12, 13, 14, 15, 16}, batches.get(1).toLongArray());
        }
    }

    @Test
    void seeking_givesTheBatchesThatWouldHaveCome() {
        try (NDManager manager = NDManager.newBaseManager()) {
            TokenWindows windows = TokenWindows.of(stream(41), 5);
            BatchSampler all = new BatchSampler(windows, 3, 7);
            List<long[]> batches = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                batches.add(all.next(manager).toLongArray());
            }
            BatchSampler sampler = new BatchSampler(windows, 3, 7);
            for (int batch : new int[] {7, 0, 11, 3, 10}) {
                sampler.seek(batch);
                assertArrayEquals(batches.get(batch), sampler.next(manager).toLongArray());
            }
            assertEquals(10, windows.count());
            assertEquals(4, sampler.batches(1));
            assertEquals(5, sampler.batches(1.5));
        }
    }

    @Test
    void anEpoch_takesEveryWindowOnce_inRandomOrder() {
        try (NDManager manager = NDManager.newBaseManager()) {
            BatchSampler sampler = new BatchSampler(TokenWindows.of(stream(41), 5), 1, 3);
            List<Long> firsts = new ArrayList<>();
            List<Long> seconds = new ArrayList<>();
            while (true) {
                NDArray batch = sampler.next(manager); // (1, 5)
                if (sampler.epoch() > 2) {
                    break;
                }
                assertConsecutive(batch.toLongArray());
                (sampler.epoch() == 1 ? firsts : seconds).add(batch.getLong(0, 0));
            }
            for (List<Long> starts : List.of(firsts, seconds)) {
                List<Long> sorted = starts.stream().sorted().toList();
                assertFalse(sorted.equals(starts), "not shuffled");
                assertTrue(sorted.size() >= 9, "the offset costs one window at most");
                for (int i = 0; i < sorted.size(); i++) {
                    assertEquals(sorted.get(0) + 4L * i, sorted.get(i), "each window once");
                }
            }
        }
    }

    @Test
    void offsets_moveTheCutsFromEpochToEpoch() {
        try (NDManager manager = NDManager.newBaseManager()) {
            BatchSampler sampler = new BatchSampler(TokenWindows.of(stream(9), 5), 1, 0);
            List<Long> phases = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                phases.add(sampler.next(manager).getLong(0, 0) % 4);
            }
            assertEquals(List.of(0L, 1L, 2L, 3L), phases.stream().distinct().sorted().toList());
        }
    }

    @Test
    void oneSeed_givesTheSameBatches_andAnotherDoesNot() {
        assertArrayEquals(draw(5), draw(5));
        assertFalse(Arrays.equals(draw(5), draw(6)));
    }

    @Test
    void aSeed_givesTheseBatches_onEveryMachine() {
        // Worked out in Python from the documented sequence of java.util.Random.
        try (NDManager manager = NDManager.newBaseManager()) {
            BatchSampler sampler = new BatchSampler(TokenWindows.of(stream(30), 4), 9, 42);
            NDArray starts = sampler.next(manager).get(":, 0"); // (9)
            assertArrayEquals(new long[] {14, 11, 26, 20, 2, 23, 5, 17, 8}, starts.toLongArray());
        }
    }

    @Test
    void aBatch_isFullEvenWhereTheStreamIsShort() {
        try (NDManager manager = NDManager.newBaseManager()) {
            BatchSampler sampler = new BatchSampler(TokenWindows.of(new int[] {7, 8, 9}, 3), 4, 0);
            NDArray batch = sampler.next(manager);
            assertEquals(new Shape(4, 3), batch.getShape());
            assertArrayEquals(new long[] {7, 8, 9, 7, 8, 9, 7, 8, 9, 7, 8, 9}, batch.toLongArray());
            assertEquals(4, sampler.epoch());
        }
    }

    @Test
    void aStreamShorterThanAWindow_isAnError() {
        assertThrows(LoraException.class, () -> TokenWindows.of(stream(4), 5));
        assertThrows(LoraException.class, () -> TokenWindows.of(stream(4), 1));
        TokenWindows windows = TokenWindows.of(stream(5), 5);
        assertThrows(LoraException.class, () -> new BatchSampler(windows, 0, 1));
        try (NDManager manager = NDManager.newBaseManager()) {
            assertThrows(LoraException.class, () -> windows.batches(0, manager));
        }
    }

    private static long[] draw(long seed) {
        try (NDManager manager = NDManager.newBaseManager()) {
            BatchSampler sampler = new BatchSampler(TokenWindows.of(stream(100), 5), 8, seed);
            sampler.next(manager);
            return sampler.next(manager).toLongArray();
        }
    }

    private static void assertConsecutive(long[] window) {
        for (int i = 1; i < window.length; i++) {
            assertEquals(window[i - 1] + 1, window[i]);
        }
    }

    private static long[] stream(int length) {
        return LongStream.range(0, length).toArray();
    }
}
