package dev.ligature.server.internal.intake;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.server.internal.answer.ApiException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** Long texts wait for each other, and nobody waits for them. */
final class ReadingLanesTest {
    private static final int LONG = ReadingLanes.SHORT_BYTES + 1;

    @Test
    void aShortText_isReadWhileLongOnesWait_ofWhichThereAreFew() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch longs = new CountDownLatch(3);
        CountDownLatch read = new CountDownLatch(1);
        try (ReadingLanes lanes = new ReadingLanes(16, 2)) {
            for (int i = 0; i < 3; i++) { // one is read, two wait
                lanes.execute(LONG, () -> waitFor(end, longs));
            }
            ApiException full =
                    assertThrows(ApiException.class, () -> lanes.execute(LONG, () -> {}));
            assertEquals(503, full.status());
            assertEquals("too_many_long_texts", full.code());
            assertEquals(1, full.retryAfter());
            lanes.execute(ReadingLanes.SHORT_BYTES, read::countDown);
            assertTrue(read.await(30, SECONDS));
            assertEquals(3, longs.getCount());
            end.countDown();
            assertTrue(longs.await(30, SECONDS));
        }
    }

    private static void waitFor(CountDownLatch end, CountDownLatch counted) {
        try {
            end.await();
            counted.countDown();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
