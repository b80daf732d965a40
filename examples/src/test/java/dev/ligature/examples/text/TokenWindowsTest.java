package dev.ligature.examples.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class TokenWindowsTest {
    private static final int[] TOKENS = IntStream.range(0, 40).toArray();

    @Test
    void aPass_showsEveryWindowOnce() {
        try (NDManager manager = NDManager.newBaseManager()) {
            TokenWindows windows = new TokenWindows(TOKENS, 10, 7);
            long[] first =
                    windows.next(3, manager).toLongArray(); // three windows fit at any offset

            TreeSet<Long> seen = new TreeSet<>();
            for (long id : first) {
                seen.add(id);
            }
            assertEquals(30, seen.size());
            for (int row = 0; row < 3; row++) {
                assertEquals(first[row * 10] + 9, first[row * 10 + 9], "windows are not torn");
            }
        }
    }

    @Test
    void theSameSeed_givesTheSameBatchesAndAnotherSeedOthers() {
        try (NDManager manager = NDManager.newBaseManager()) {
            assertArrayEquals(several(1, manager), several(1, manager));
            assertTrue(!java.util.Arrays.equals(several(1, manager), several(2, manager)));
        }
    }

    @Test
    void spreadWindows_reachFromTheFirstTokenToTheLast() {
        try (NDManager manager = NDManager.newBaseManager()) {
            List<NDArray> batches = new TokenWindows(TOKENS, 10, 0).spread(3, 2, manager);

            assertEquals(new Shape(2, 10), batches.get(0).getShape());
            assertEquals(new Shape(1, 10), batches.get(1).getShape());
            assertEquals(0, batches.get(0).getLong(0, 0));
            assertEquals(15, batches.get(0).getLong(1, 0));
            assertEquals(39, batches.get(1).getLong(0, 9));
        }
    }

    @Test
    void aWindowLongerThanTheText_isRefused() {
        assertThrows(IllegalArgumentException.class, () -> new TokenWindows(TOKENS, 41, 0));
    }

    private static long[] several(long seed, NDManager manager) {
        return new TokenWindows(TOKENS, 10, seed).next(12, manager).toLongArray();
    }
}
