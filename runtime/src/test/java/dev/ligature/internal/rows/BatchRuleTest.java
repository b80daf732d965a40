package dev.ligature.internal.rows;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ligature.internal.rows.BatchRule.Batch;
import dev.ligature.internal.rows.BatchRule.Way;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BatchRuleTest {
    private static final BatchRule RULE = new BatchRule(1L << 30);

    private static Batch batch(List<Integer> ranks, List<Integer> rows, boolean lookup) {
        int size = rows.stream().mapToInt(count -> count).sum();
        return new Batch(ranks, rows, size, ranks.size() + 1, 768, 3072, 4, lookup);
    }

    @Test
    void fewAdapters_areTwoPlainProducts() {
        assertEquals(Way.MASKED, RULE.choose(batch(List.of(8), List.of(32), false)));
        assertEquals(
                Way.MASKED, RULE.choose(batch(List.of(8, 8, 8, 8), List.of(8, 8, 8, 8), false)));
        assertEquals(Way.MASKED, RULE.choose(batch(List.of(8, 16, 8), List.of(1, 2, 1), true)));
    }

    @Test
    void manyAdaptersOfLikeRanks_areABatchedProduct() {
        List<Integer> each = Collections.nCopies(32, 1);
        assertEquals(Way.STACKED, RULE.choose(batch(Collections.nCopies(32, 8), each, false)));
        assertEquals(Way.STACKED, RULE.choose(batch(List.of(8, 32), List.of(1, 1), false)));
    }

    @Test
    void ranksFarApart_andTables_areSegments() {
        assertEquals(
                Way.SEGMENTS,
                RULE.choose(batch(List.of(256, 1, 1, 1), List.of(1, 9, 9, 9), false)));
        assertEquals(
                Way.SEGMENTS,
                RULE.choose(batch(Collections.nCopies(32, 8), Collections.nCopies(32, 1), true)));
    }

    @Test
    void bytes_areThoseOfTheArraysThatAreKept() {
        Batch batch = batch(List.of(8, 16), List.of(3, 1), false);
        long both = 2 * 2048; // what two arrays take besides their numbers
        assertEquals(24 * (768 + 3072) * 4L + both, BatchRule.bytes(Way.MASKED, batch));
        // Two adapters and the base alone, whatever the number of rows is.
        assertEquals(3 * 16 * (768 + 3072) * 4L + both, BatchRule.bytes(Way.STACKED, batch));
        assertEquals(0, BatchRule.bytes(Way.SEGMENTS, batch));
    }
}
