package dev.ligature.models.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.Oracle;
import dev.ligature.models.block.TextCache;
import dev.ligature.models.llama.LlamaCheckpoint;
import dev.ligature.models.llama.LlamaForCausalLM;
import java.io.IOException;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What texts take over of others that begin with the same tokens, and what that leaves behind. */
final class PrefixReuseTest {
    private static final int BLOCK = BatchOptions.BLOCK;

    private NDManager manager;
    private LlamaForCausalLM model;
    private DecoderShape shape;

    @BeforeEach
    void open() throws IOException {
        manager = NDManager.newBaseManager();
        model = LlamaCheckpoint.load(Oracle.checkpoint("biased"), manager);
        DecoderShape own = model.config().decoderShape();
        shape =
                new DecoderShape(
                        own.vocabulary(), 4096, own.layers(), own.keyValueHeads(), own.headSize());
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private RunningBatch batch(long blocks) {
        BatchOptions options = new BatchOptions(BLOCK, blocks * BLOCK, true);
        return new RunningBatch(adapters -> model, shape, manager, options);
    }

    private static TextRow row(String adapter, int newTokens, long... prompt) {
        GenerationOptions options =
                GenerationOptions.greedy(newTokens).withScores(new Scores(true, false, 0));
        return new TextRow(prompt, adapter, options, id -> {});
    }

    private static long[] prompt(long seed, int length) {
        return new Random(seed).longs(length, 3, 53).toArray();
    }

    private static TextRow run(RunningBatch batch, TextRow row) {
        batch.add(List.of(row));
        while (!batch.isEmpty()) {
            batch.step();
        }
        return row;
    }

    private void assertAsCold(TextRow found) {
        try (RunningBatch cold = new RunningBatch(adapters -> model, shape, manager)) {
            TextRow expected = run(cold, row("", found.tokens().length, found.prompt()));
            assertEquals(0, expected.keptTokens());
            assertArrayEquals(expected.tokens(), found.tokens());
            for (int i = 0; i < expected.scores().size(); i++) {
                double wanted = expected.scores().get(i).logprob();
                assertEquals(
                        wanted, found.scores().get(i).logprob(), 1e-5 * (1 + Math.abs(wanted)));
            }
        }
    }

    @Test
    void aTextThatBeginsLikeAnother_takesOverItsWholeBlocks() {
        long[] first = prompt(1, 150);
        long[] second = Arrays.copyOf(first, 180);
        Arrays.fill(second, 140, 180, 7);
        try (RunningBatch batch = batch(100)) {
            assertEquals(0, run(batch, row("a", 5, first)).keptTokens());
            TextRow other = run(batch, row("a", 9, second));
            assertEquals(128, other.keptTokens());
            assertAsCold(other);
            assertEquals(128, batch.statistics().hits());
            // Of the very same prompt the last token is computed, whatever is kept.
            TextRow aligned = run(batch, row("a", 3, Arrays.copyOf(first, 128)));
            assertEquals(64, aligned.keptTokens());
            assertAsCold(aligned);
        }
    }

    @Test
    void whatCannotBeTakenOver_isComputed_andFailsNobody() {
        long[] first = prompt(1, 150);
        try (RunningBatch batch = batch(100)) {
            run(batch, row("a", 5, first));
            Shape block =
                    new Shape(2L * shape.layers(), shape.keyValueHeads(), BLOCK, shape.headSize());
            int lost = 0;
            for (NDArray each : manager.getManagedArrays()) {
                if (each.getShape().equals(block)) {
                    each.close();
                    lost++;
                }
            }
            assertEquals(2, lost);
            TextRow same = row("a", 9, first);
            TextRow other = row("b", 9, prompt(3, 20));
            batch.add(List.of(other, same));
            while (!batch.isEmpty()) {
                batch.step();
            }
            assertAsCold(same);
            assertAsCold(other);
        }
    }

    @Test
    void whatCannotBeKept_isNot_andFailsNobody() {
        CacheRoom room = new CacheRoom(new BatchOptions(BLOCK, 100L * BLOCK, true), manager);
        TextCache text = new TextCache(manager, 1, 2L * BLOCK);
        NDArray keys = manager.ones(new Shape(1, 1, BLOCK, 2));
        text.write(0, keys, keys);
        text.advance(BLOCK);
        text.close();
        room.keep("a", new long[2 * BLOCK], text);
        assertEquals(0, room.statistics().kept());
    }

    @Test
    void theNextTurnOfAConversation_takesOverTheAnswerToo() {
        long[] question = prompt(2, 60);
        try (RunningBatch batch = batch(100)) {
            long[] answer = run(batch, row("a", 80, question)).tokens();
            long[] turn =
                    LongStream.concat(
                                    LongStream.concat(
                                            Arrays.stream(question), Arrays.stream(answer)),
                                    Arrays.stream(prompt(3, 20)))
                            .toArray();
            TextRow next = run(batch, row("a", 6, turn));
            assertEquals(128, next.keptTokens()); // of 139 that went through the model
            assertAsCold(next);
        }
    }

    @Test
    void textsOfOtherAdaptersOrOtherTokens_takeOverNothing() {
        long[] first = prompt(4, 200);
        first[10] = 40;
        first[11] = 3;
        long[] sameHash = first.clone(); // 40 + 31 · 3 = 9 + 31 · 4
        sameHash[10] = 9;
        sameHash[11] = 4;
        assertEquals(LongBuffer.wrap(first).hashCode(), LongBuffer.wrap(sameHash).hashCode());
        long[] later = first.clone();
        later[100] = later[100] == 5 ? 6 : 5;
        try (RunningBatch batch = batch(100)) {
            run(batch, row("legal.1", 2, first));
            assertEquals(0, run(batch, row("legal.2", 2, first)).keptTokens());
            assertEquals(0, run(batch, row("", 2, first)).keptTokens());
            TextRow other = run(batch, row("legal.1", 20, sameHash));
            assertEquals(0, other.keptTokens());
            assertAsCold(other);
            assertEquals(64, run(batch, row("legal.1", 2, later)).keptTokens());
            assertEquals(192, run(batch, row("legal.1", 2, first)).keptTokens());
        }
    }

    @Test
    void promptsThatAreReadAtTheSameTime_takeOverEachOthersPieces() {
        long[] prompt = prompt(5, 600);
        try (RunningBatch batch = batch(1000)) {
            TextRow first = row("a", 4, prompt);
            TextRow second = row("a", 4, prompt);
            batch.add(List.of(first, second));
            while (!batch.isEmpty()) {
                batch.step();
            }
            assertTrue(
                    first.keptTokens() + second.keptTokens() >= 500,
                    first.keptTokens() + " and " + second.keptTokens());
            assertAsCold(first);
            assertAsCold(second);
        }
    }

    @Test
    void aPromptWhoseScoresAreWanted_isReadToItsEnd() {
        long[] prompt = prompt(6, 200);
        GenerationOptions scored =
                GenerationOptions.greedy(2).withScores(new Scores(false, true, 0));
        try (RunningBatch batch = batch(100)) {
            run(batch, row("a", 2, prompt));
            TextRow row = run(batch, new TextRow(prompt, "a", scored, id -> {}));
            assertEquals(0, row.keptTokens());
            assertEquals(200, row.promptScores().size());
        }
    }

    @Test
    void withoutTheOption_nothingIsKept() {
        BatchOptions options = new BatchOptions(BLOCK, Long.MAX_VALUE, false);
        try (RunningBatch batch = new RunningBatch(adapters -> model, shape, manager, options)) {
            run(batch, row("a", 2, prompt(7, 200)));
            assertEquals(0, run(batch, row("a", 2, prompt(7, 200))).keptTokens());
            assertEquals(new CacheStatistics(0, 0, Long.MAX_VALUE, 0), batch.statistics());
        }
    }

    @Test
    void theLeastRecentlyUsedBlocks_makeWay_thoseBehindOthersFirst() {
        long[] old = prompt(8, 3 * BLOCK);
        long[] young = prompt(9, 2 * BLOCK);
        try (RunningBatch batch = batch(9)) {
            run(batch, row("a", 1, old)); // 3 kept
            run(batch, row("a", 1, young)); // 3 + 2 kept
            assertEquals(5 * BLOCK, batch.statistics().kept());
            // 6 blocks of 9 for a text under way, and only two of the old one's behind its first.
            TextRow wide = row("b", 1, prompt(10, 6 * BLOCK - 1));
            batch.add(List.of(wide));
            batch.step();
            assertEquals(6 * BLOCK, batch.statistics().reserved());
            assertEquals(3 * BLOCK, batch.statistics().kept());
            batch.leave(wide);
            assertEquals(0, batch.statistics().reserved());
            assertEquals(BLOCK, run(batch, row("a", 1, young)).keptTokens());
            assertEquals(0, run(batch, row("a", 1, old)).keptTokens());
        }
    }

    /** Requests at random, in a cache of which they need more than there is. */
    @Test
    void aThousandTexts_leaveTheKeptBlocksAndNothingElse() {
        int layers = shape.layers();
        Random random = new Random(12);
        Map<String, long[]> answers = new HashMap<>();
        try (RunningBatch warm = batch(20)) {
            run(warm, row("a", 2, prompt(1, 130)));
        }
        int before = live();
        RunningBatch batch = batch(20);
        int empty = live();
        List<TextRow> all = new ArrayList<>();
        long most = 0;
        for (int text = 0; text < 1000 || !batch.isEmpty(); text++) {
            if (text < 1000) {
                long[] prompt =
                        Arrays.copyOf(prompt(random.nextInt(5), 300), 1 + random.nextInt(300));
                TextRow row = row("r" + random.nextInt(3), 1 + random.nextInt(3), prompt);
                all.add(row);
                batch.add(List.of(row));
                if (random.nextInt(20) == 0) {
                    batch.leave(all.get(random.nextInt(all.size())));
                }
            }
            do {
                batch.step();
                CacheStatistics held = batch.statistics();
                assertTrue(held.reserved() + held.kept() <= held.budget(), held.toString());
                most = Math.max(most, held.reserved() + held.kept());
            } while (batch.size() > 6);
        }
        CacheStatistics held = batch.statistics();
        assertEquals(20L * BLOCK, most);
        assertEquals(0, held.reserved());
        assertEquals(empty + held.kept() / BLOCK, live());
        assertTrue(held.kept() > 4 * BLOCK && held.hits() > 10_000, held.toString());
        for (TextRow row : all) {
            if (row.isDone()) {
                String key = row.tokens().length + Arrays.toString(row.prompt());
                long[] known = answers.putIfAbsent(key, row.tokens());
                assertArrayEquals(known == null ? row.tokens() : known, row.tokens());
            }
        }
        long done = all.stream().filter(TextRow::isDone).count();
        assertTrue(done > 930, done + " are done");
        for (TextRow row : all.subList(0, 40)) {
            if (row.isDone()) {
                assertAsCold(row);
            }
        }
        batch.close();
        assertEquals(before, live());
        assertTrue(layers > 0);
    }

    private int live() {
        return manager.getParentManager().getManagedArrays().size();
    }
}
