package dev.ligature.models.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.LoraException;
import dev.ligature.models.DecoderShape;
import dev.ligature.models.Oracle;
import dev.ligature.models.llama.LlamaCheckpoint;
import dev.ligature.models.llama.LlamaForCausalLM;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** In which order a batch reads prompts and makes tokens, and who waits for room. */
final class PromptTurnsTest {
    private NDManager manager;
    private LlamaForCausalLM model;
    private DecoderShape shape;
    private final List<Shape> passes = new ArrayList<>(); // the shapes (B, T) of their ids

    @BeforeEach
    void open() throws IOException {
        manager = NDManager.newBaseManager();
        model = LlamaCheckpoint.load(Oracle.checkpoint("biased"), manager);
        DecoderShape own = model.config().decoderShape();
        shape =
                new DecoderShape(
                        own.vocabulary(), 5000, own.layers(), own.keyValueHeads(), own.headSize());
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private RunningBatch batch(int pieceTokens, long cacheTokens) {
        Block probe =
                new LambdaBlock(inputs -> inputs) {
                    @Override
                    protected NDList forwardInternal(
                            ParameterStore store,
                            NDList inputs,
                            boolean training,
                            PairList<String, Object> params) {
                        passes.add(inputs.head().getShape());
                        return model.forward(store, inputs, training, params);
                    }
                };
        BatchOptions options = new BatchOptions(pieceTokens, cacheTokens, false);
        return new RunningBatch(adapters -> probe, shape, manager, options);
    }

    private static TextRow row(int newTokens, long[] prompt) {
        return new TextRow(prompt, "", GenerationOptions.greedy(newTokens), id -> {});
    }

    private static long[] prompt(int length) {
        return new Random(length).longs(length, 3, 53).toArray();
    }

    private void assertAsAlone(TextRow found) {
        long[] alone =
                new TextGenerator(model, shape, manager)
                        .generate(
                                List.of(found.prompt()),
                                GenerationOptions.greedy(found.tokens().length),
                                TokenListener.NONE)
                        .get(0);
        assertArrayEquals(alone, found.tokens());
    }

    @Test
    void aLongPrompt_delaysEachTokenOfTheOthersByOnePiece() {
        TextRow first = row(30, prompt(4));
        TextRow second = row(30, prompt(9));
        TextRow whole = row(5, prompt(4000));
        try (RunningBatch batch = batch(512, Long.MAX_VALUE)) {
            batch.join(List.of(first, second));
            batch.step();
            batch.add(List.of(whole));
            for (int piece = 0; piece < 8; piece++) {
                assertEquals(0, whole.tokens().length);
                int before = first.tokens().length;
                passes.clear();
                batch.step();
                int left = 4000 - 512 * piece;
                int rows = piece < 7 ? 2 : 3; // the prompt is read, and grows in the same step
                assertEquals(
                        List.of(new Shape(1, Math.min(512, left)), new Shape(rows, 1)), passes);
                assertEquals(before + 1, first.tokens().length);
                assertEquals(before + 1, second.tokens().length);
            }
            assertEquals(2, whole.tokens().length);
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        assertAsAlone(first);
        assertAsAlone(second);
        assertAsAlone(whole);
    }

    @Test
    void aShortPrompt_isReadBetweenTwoPiecesOfALongOne() {
        TextRow whole = row(2, prompt(1000));
        TextRow other = row(2, prompt(700));
        TextRow brief = row(4, prompt(5));
        try (RunningBatch batch = batch(64, Long.MAX_VALUE)) {
            batch.add(List.of(whole, other));
            batch.step();
            batch.add(List.of(brief));
            batch.step();
            batch.step();
            batch.step();
            assertTrue(brief.tokens().length > 0, passes.toString());
            assertEquals(0, whole.tokens().length + other.tokens().length);
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        assertAsAlone(whole);
        assertAsAlone(other);
        assertAsAlone(brief);
    }

    @Test
    void shortPrompts_areReadTogether_asManyAsAPieceHolds() {
        List<TextRow> rows = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            rows.add(row(2, prompt(10 + i)));
        }
        try (RunningBatch batch = batch(50, Long.MAX_VALUE)) {
            batch.join(rows);
            // 3 · 12, for 4 · 13 are more than 50; then 3 · 15, and the last.
            assertEquals(List.of(new Shape(3, 12), new Shape(3, 15), new Shape(1, 16)), passes);
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        rows.forEach(this::assertAsAlone);
    }

    @Test
    void textsWithoutRoom_waitInTheirOrderAndAllEnd() {
        List<TextRow> rows = new ArrayList<>();
        Random random = new Random(3);
        for (int i = 0; i < 30; i++) {
            rows.add(row(1 + random.nextInt(40), prompt(1 + random.nextInt(150))));
        }
        int most = 0;
        try (RunningBatch batch = batch(64, 256)) {
            batch.add(rows);
            int begun = 0;
            while (!batch.isEmpty()) {
                batch.step();
                CacheStatistics held = batch.statistics();
                assertTrue(held.reserved() <= 256, held.toString());
                most = Math.max(most, batch.growing());
                int now = (int) rows.stream().filter(row -> row.tokens().length > 0).count();
                assertTrue(now >= begun, "nobody is put back");
                begun = now;
            }
            assertEquals(0, batch.statistics().reserved());
        }
        assertTrue(most > 1, "never two at once");
        for (TextRow row : rows) {
            assertTrue(row.isDone());
            assertAsAlone(row);
        }
    }

    @Test
    void aTextThatNeverFits_isRefusedAtOnce_andTheOthersStay() {
        TextRow fits = row(28, prompt(100));
        try (RunningBatch batch = batch(64, 128)) {
            batch.join(List.of(fits));
            LoraException refusal =
                    assertThrows(
                            LoraException.class, () -> batch.add(List.of(row(29, prompt(100)))));
            assertEquals(
                    "[TextExceedsCache] A prompt of 100 tokens and 29 new ones are 129, but the"
                            + " cache of keys and values has room for 128. Shorten the prompt, ask"
                            + " for fewer tokens, or give the cache more memory.",
                    refusal.getMessage());
            assertEquals(1, batch.size());
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        assertAsAlone(fits);
    }

    @Test
    void aTextThatLeaves_givesItsRoomToThoseThatWait_wheresoeverItStands() {
        TextRow growing = row(50, prompt(10));
        TextRow reading = row(20, prompt(100));
        TextRow waits = row(20, prompt(90));
        TextRow last = row(20, prompt(80));
        try (RunningBatch batch = batch(64, 192)) {
            batch.join(List.of(growing));
            batch.add(List.of(reading, waits, last));
            batch.step();
            assertEquals(192, batch.statistics().reserved());
            assertEquals(4, batch.size());
            batch.leave(waits);
            batch.leave(reading);
            batch.leave(growing);
            assertEquals(0, batch.statistics().reserved());
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        assertAsAlone(last);
    }

    @Test
    void aPromptThatCannotBeRead_leavesAlone_andTheOthersGoOn() {
        List<TextRow> rows = List.of(row(5, prompt(7)), row(5, prompt(8)), row(5, prompt(9)));
        List<Integer> calls = new ArrayList<>();
        RowRouter router =
                adapters -> {
                    calls.add(adapters.size());
                    if (calls.size() == 1 || calls.size() == 3) { // all three, then the second
                        throw new IllegalStateException("planted");
                    }
                    return model;
                };
        try (RunningBatch batch = new RunningBatch(router, shape, manager)) {
            batch.add(rows);
            TextsFailedException failed = assertThrows(TextsFailedException.class, batch::read);
            assertEquals("planted", failed.reason().getMessage());
            assertEquals(List.of(rows.get(1)), failed.texts());
            assertEquals(List.of(3, 1, 1, 1), calls);
            assertEquals(2, batch.size());
            while (!batch.isEmpty()) {
                batch.step();
            }
            assertEquals(0, rows.get(1).tokens().length);
            assertAsAlone(rows.get(0));
            assertAsAlone(rows.get(2));
            assertEquals(0, batch.statistics().reserved());
        }
    }
}
