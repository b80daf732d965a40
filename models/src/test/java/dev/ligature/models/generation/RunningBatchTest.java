package dev.ligature.models.generation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.LoraException;
import dev.ligature.models.Oracle;
import dev.ligature.models.llama.LlamaCheckpoint;
import dev.ligature.models.llama.LlamaForCausalLM;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Texts that join and leave a batch under way become what they become alone. */
final class RunningBatchTest {
    private static final int VOCABULARY = 53;

    private NDManager manager;
    private LlamaForCausalLM model;
    private final List<List<String>> routed = new ArrayList<>();

    @BeforeEach
    void open() throws IOException {
        manager = NDManager.newBaseManager();
        model = LlamaCheckpoint.load(Oracle.checkpoint("biased"), manager);
    }

    @AfterEach
    void close() {
        manager.close();
    }

    private RunningBatch batch() {
        return new RunningBatch(
                adapters -> {
                    routed.add(adapters);
                    return model;
                },
                model.config().decoderShape(),
                manager);
    }

    private static TextRow row(String name, int newTokens, long... prompt) {
        return new TextRow(prompt, name, GenerationOptions.greedy(newTokens), id -> {});
    }

    private long[] alone(long[] prompt, int newTokens) {
        return new TextGenerator(model, model.config().decoderShape(), manager)
                .generate(List.of(prompt), GenerationOptions.greedy(newTokens), TokenListener.NONE)
                .get(0);
    }

    @Test
    void textsThatJoinAndLeaveAtRandom_becomeWhatTheyBecomeAlone() {
        Random random = new Random(7);
        List<TextRow> all = new ArrayList<>();
        Set<TextRow> left = new java.util.HashSet<>();
        try (RunningBatch batch = batch()) {
            for (int step = 0; step < 60; step++) {
                List<TextRow> newcomers = new ArrayList<>();
                while (batch.size() + newcomers.size() < 5 && random.nextInt(3) == 0) {
                    long[] prompt = random.longs(1 + random.nextInt(12), 3, VOCABULARY).toArray();
                    newcomers.add(row("r" + all.size(), 1 + random.nextInt(14), prompt));
                    all.add(newcomers.get(newcomers.size() - 1));
                }
                batch.join(newcomers);
                if (random.nextInt(8) == 0 && !all.isEmpty()) {
                    TextRow leaver = all.get(random.nextInt(all.size()));
                    left.add(leaver);
                    batch.leave(leaver);
                }
                batch.step();
            }
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        int complete = 0;
        for (TextRow text : all) {
            long[] tokens = text.tokens();
            assertArrayEquals(alone(text.prompt(), tokens.length), tokens);
            assertTrue(text.isDone() || left.contains(text));
            complete += text.isDone() ? 1 : 0;
        }
        assertTrue(complete > 20 && complete < all.size(), complete + " of " + all.size());
        assertTrue(routed.stream().anyMatch(names -> names.size() == 5), "never a full batch");
    }

    @Test
    void aListenerThatFails_costsTheOthersNothing() {
        TextRow good = row("a", 6, 3, 4);
        TextRow bad =
                new TextRow(
                        new long[] {5},
                        "b",
                        GenerationOptions.greedy(6),
                        id -> {
                            throw new IllegalStateException("gone");
                        });
        TextRow last = row("c", 6, 7, 8, 9);
        try (RunningBatch batch = batch()) {
            List<TextRow> all = List.of(good, bad, last);
            assertEquals(
                    "gone",
                    assertThrows(IllegalStateException.class, () -> batch.join(all)).getMessage());
            assertThrows(IllegalStateException.class, batch::step);
            batch.leave(bad);
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        assertArrayEquals(alone(good.prompt(), 6), good.tokens());
        assertArrayEquals(alone(last.prompt(), 6), last.tokens());
        assertArrayEquals(alone(bad.prompt(), 2), bad.tokens());
    }

    @Test
    void aBatch_isRoutedByTheAdaptersOfItsRows() {
        try (RunningBatch batch = batch()) {
            batch.join(List.of(row("a", 3, 3), row("b", 2, 4, 5)));
            batch.step(); // b leaves
            batch.join(List.of(row("c", 9, 6), row("d", 1, 7))); // d leaves with its first token
            batch.step(); // a leaves
            batch.step();
        }
        assertEquals(
                List.of(
                        List.of("a", "b"),
                        List.of("a", "b"),
                        List.of("c", "d"),
                        List.of("a", "c"),
                        List.of("c")),
                routed);
    }

    @Test
    void aStopId_endsOneTextAndLeavesTheOthers() {
        long[] free = alone(new long[] {3, 4, 5}, 8);
        int stop = (int) free[4];
        int before = (int) Arrays.stream(free).takeWhile(id -> id != stop).count();
        GenerationOptions options = GenerationOptions.greedy(8).withStopIds(Set.of(stop));
        TextRow stopping = new TextRow(new long[] {3, 4, 5}, "", options, id -> {});
        TextRow going = row("", 8, 3, 4, 5);
        try (RunningBatch batch = batch()) {
            batch.join(List.of(stopping, going));
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        assertTrue(stopping.isStopped() && !going.isStopped());
        assertArrayEquals(Arrays.copyOf(free, before), stopping.tokens());
        assertArrayEquals(free, going.tokens());
    }

    @Test
    void drawsOfAText_doNotDependOnTheOthers() {
        GenerationOptions warm = GenerationOptions.greedy(12).withTemperature(1.5, 5);
        TextRow alone = new TextRow(new long[] {3, 4}, "", warm, id -> {});
        TextRow together = new TextRow(new long[] {3, 4}, "", warm, id -> {});
        try (RunningBatch batch = batch()) {
            batch.join(List.of(alone));
            while (!batch.isEmpty()) {
                batch.step();
            }
            batch.join(List.of(row("", 3, 9, 9, 9, 9), together, row("", 5, 8)));
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        assertArrayEquals(alone.tokens(), together.tokens());
    }

    @Test
    void aTextThatCannotJoin_leavesTheBatchAsItWas() {
        try (RunningBatch batch = batch()) {
            TextRow first = row("a", 6, 3, 4);
            batch.join(List.of(first));
            LoraException empty =
                    assertThrows(
                            LoraException.class,
                            () -> batch.join(List.of(row("b", 2, 5), row("c", 1))));
            assertTrue(
                    empty.getMessage().startsWith("[EmptyPrompt] Prompt 1 has no tokens"),
                    empty.getMessage());
            assertEquals(1, batch.size());
            while (!batch.isEmpty()) {
                batch.step();
            }
            assertArrayEquals(alone(new long[] {3, 4}, 6), first.tokens());
        }
    }

    @Test
    void aBatchThatFails_isAsBeforeTheStep() {
        TextRow first = row("a", 4, 3, 4);
        boolean[] broken = {false};
        try (RunningBatch batch =
                new RunningBatch(
                        adapters -> {
                            if (broken[0]) {
                                throw new LoraException("LoraUnknownAdapter", "gone");
                            }
                            return model;
                        },
                        model.config().decoderShape(),
                        manager)) {
            batch.join(List.of(first));
            broken[0] = true;
            assertThrows(LoraException.class, batch::step);
            assertThrows(LoraException.class, () -> batch.join(List.of(row("b", 2, 5))));
            broken[0] = false;
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        assertArrayEquals(alone(new long[] {3, 4}, 4), first.tokens());
    }

    @Test
    void aPassThatFailsOnItsWay_leavesNothingInTheCache() {
        TextRow first = row("a", 12, 3, 4);
        boolean[] broken = {false};
        Block failing =
                new LambdaBlock(inputs -> inputs) {
                    @Override
                    protected NDList forwardInternal(
                            ParameterStore store,
                            NDList inputs,
                            boolean training,
                            PairList<String, Object> params) {
                        NDList outputs = model.forward(store, inputs, training, params);
                        if (broken[0]) {
                            throw new IllegalStateException("out of memory");
                        }
                        return outputs;
                    }
                };
        try (RunningBatch batch =
                new RunningBatch(adapters -> failing, model.config().decoderShape(), manager)) {
            batch.join(List.of(first));
            while (!batch.isEmpty()) {
                broken[0] = !broken[0];
                if (broken[0]) {
                    assertThrows(IllegalStateException.class, batch::step);
                } else {
                    batch.step();
                }
            }
        }
        assertArrayEquals(alone(new long[] {3, 4}, 12), first.tokens());
    }

    @Test
    void scoresOfPromptsAndTokens_areThoseOfOnePassOverTheWholeText() {
        Scores all = new Scores(true, true, 2);
        GenerationOptions options = GenerationOptions.greedy(4).withScores(all);
        TextRow scored = new TextRow(new long[] {3, 4, 5, 6}, "a", options, id -> {});
        TextRow none = new TextRow(new long[] {7}, "b", options.withScores(Scores.NONE), id -> {});
        try (RunningBatch batch = batch()) {
            batch.join(List.of(none, scored));
            while (!batch.isEmpty()) {
                batch.step();
            }
        }
        long[] made = scored.tokens();
        long[] whole = {3, 4, 5, 6, made[0], made[1], made[2], made[3]};
        TextRow again =
                new TextRow(whole, "a", options.withScores(new Scores(false, true, 2)), id -> {});
        try (RunningBatch batch = batch()) {
            batch.join(List.of(again));
        }
        List<TokenScore> found = new ArrayList<>(scored.promptScores());
        found.addAll(scored.scores());
        assertEquals(8, found.size());
        assertTrue(Double.isNaN(found.get(0).logprob()));
        for (int i = 1; i < whole.length; i++) {
            TokenScore expected = again.promptScores().get(i);
            assertEquals(whole[i], found.get(i).id());
            assertEquals(expected.logprob(), found.get(i).logprob(), 1e-4);
            assertEquals(expected.likeliest().keySet(), found.get(i).likeliest().keySet());
        }
        for (TokenScore greedy : scored.scores()) {
            assertEquals(greedy.likeliest().get(greedy.id()), greedy.logprob(), 1e-6);
        }
        assertTrue(none.scores().isEmpty() && none.promptScores().isEmpty());
    }

    @Test
    void aBatch_holdsTheCacheOfItsRowsAndNothingElse() {
        int layers = model.config().numHiddenLayers();
        alone(new long[] {3, 4}, 3); // what the first pass of a process makes stays
        Set<String> before = names();
        RunningBatch batch = batch();
        int empty = live();
        for (int round = 0; round < 3; round++) {
            batch.join(List.of(row("", 4, 3, 4, 5), row("", 5, 6)));
            TextRow left = row("", 9, 7);
            batch.join(List.of(left));
            int text = 1 + layers; // an array, and views of its layers
            assertEquals(empty + 3 * text, live());
            batch.step();
            assertEquals(empty + 3 * text, live());
            batch.leave(left);
            assertEquals(empty + 2 * text, live());
            batch.step();
            assertEquals(empty + 2 * text, live());
            while (!batch.isEmpty()) {
                batch.step();
            }
            assertEquals(empty, live());
        }
        batch.close();
        assertEquals(before, names());
        assertFalse(before.isEmpty());
        assertNotEquals(0, layers);
    }

    private Set<String> names() {
        Set<String> names = new TreeSet<>();
        manager.getManagedArrays().forEach(array -> names.add(array.getUid()));
        return names;
    }

    private int live() {
        return manager.getParentManager().getManagedArrays().size();
    }
}
