package dev.ligature.models.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraException;
import dev.ligature.models.DecoderShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Texts that grow together, one token each per step, with a cache of keys and values. Texts may
 * join and leave between steps, and each may go through another adapter; what a text becomes does
 * not depend on the others.
 *
 * <pre>{@code
 * RowRouter router = adapters -> lora.routed(Routing.rows(adapters));
 * try (RunningBatch batch = new RunningBatch(router, model.decoder(), manager)) {
 *     batch.join(List.of(first, second));
 *     batch.step();
 *     batch.join(List.of(third)); // while the others are under way
 *     while (!batch.isEmpty()) {
 *         batch.step();
 *     }
 * }
 * }</pre>
 *
 * <p>What a text's listener throws, {@link #join} and {@link #step} throw when all texts have their
 * token; the batch can go on, with {@link #leave} without that text.
 *
 * <p>For one thread at a time.
 */
public final class RunningBatch implements AutoCloseable {
    private static final int SCORED_AT_ONCE = 64; // tokens of a prompt

    private final RowRouter router;
    private final DecoderShape shape;
    private final NDManager manager;
    private final ParameterStore parameterStore;
    private final List<TextRow> rows = new ArrayList<>();
    private @Nullable RowCache cache; // of the rows, in their order; null if there are none

    /**
     * Creates an empty batch.
     *
     * @param router gives the blocks
     * @param shape the model's sizes
     * @param parent the parent of all arrays, which are freed with the batch; its device is the
     *     model's
     */
    public RunningBatch(RowRouter router, DecoderShape shape, NDManager parent) {
        this.router = router;
        this.shape = shape;
        this.manager = parent.newSubManager();
        this.parameterStore = new ParameterStore(manager, false);
    }

    /** Returns the number of texts under way. */
    public int size() {
        return rows.size();
    }

    /** Returns whether no text is under way. */
    public boolean isEmpty() {
        return rows.isEmpty();
    }

    /**
     * Takes texts in: their prompts go through the model, and each gets its first token. Those that
     * end with it have left again.
     *
     * @param newcomers the texts
     * @throws LoraException if a prompt is empty, has an id outside the vocabulary, or would become
     *     longer than the model's positions; nothing has changed then
     */
    public void join(List<TextRow> newcomers) {
        for (int i = 0; i < newcomers.size(); i++) {
            newcomers.get(i).check(shape, i);
        }
        newcomers.stream().filter(row -> row.kept().ofPrompt()).forEach(this::scorePrompt);
        List<TextRow> joining = newcomers.stream().filter(row -> !row.isDone()).toList();
        if (joining.isEmpty()) {
            return;
        }
        PromptBatch prompts = PromptBatch.of(joining.stream().map(TextRow::prompt).toList());
        try (NDManager scope = manager.newSubManager()) {
            NDArray ids = prompts.ids(scope); // (B, T)
            NDList inputs = new NDList(ids, prompts.mask(scope), prompts.positions(scope));
            NDList none = KeyValueCache.empty(shape, scope, joining.size());
            KeyValueCache made = new KeyValueCache(none, scope, longest(joining));
            NDArray logits =
                    made.forward(block(joining), parameterStore, inputs, prompts.isPadded());
            int[] chosen = NextTokens.choose(joining, logits);
            RowCache theirs = new RowCache(made, prompts.lengths());
            long limit = Math.max(longest(rows), longest(joining));
            replaceCache(
                    cache == null ? theirs.attachTo(manager) : cache.above(theirs, manager, limit));
            rows.addAll(joining);
            advance(joining, chosen);
        }
    }

    /** Computes the logits at all places of a prompt, of which a pass that joins has the last. */
    private void scorePrompt(TextRow row) {
        long[] prompt = row.prompt();
        List<TokenScore> scores = new ArrayList<>();
        try (NDManager scope = manager.newSubManager()) {
            PromptBatch alone = PromptBatch.of(List.of(prompt));
            NDArray ids = alone.ids(scope); // (1, T)
            NDList inputs = new NDList(ids, alone.mask(scope), alone.positions(scope));
            NDArray logits = block(List.of(row)).forward(parameterStore, inputs, false).head();
            logits.attach(scope); // (1, T, V)
            for (int from = 0; from + 1 < prompt.length; from += SCORED_AT_ONCE) {
                int to = Math.min(from + SCORED_AT_ONCE, prompt.length - 1);
                try (NDManager part = scope.newSubManager()) {
                    NDArray some = logits.get(part, new NDIndex("0,{}:{}", from, to)); // (t, V)
                    NDArray wide = some.toType(DataType.FLOAT32, false);
                    wide.attach(part);
                    long[] next = Arrays.copyOfRange(prompt, from + 1, to + 1);
                    scores.addAll(TokenScore.of(next, wide, row.kept().likeliest()));
                }
            }
        }
        row.scorePrompt(scores);
    }

    /** Gives each text its next token. Those that end with it leave. */
    public void step() {
        if (cache == null) {
            return;
        }
        try (NDManager scope = manager.newSubManager()) {
            long[] newest = rows.stream().mapToLong(TextRow::last).toArray();
            NDArray ids = scope.create(newest, new Shape(newest.length, 1)); // (B, 1)
            NDArray logits = cache.forward(block(rows), parameterStore, ids);
            advance(rows, NextTokens.choose(rows, logits));
        }
    }

    /**
     * Takes a text out before its end; does nothing if it has left.
     *
     * @param row the text
     */
    public void leave(TextRow row) {
        keep(IntStream.range(0, rows.size()).filter(i -> rows.get(i) != row).toArray());
    }

    private Block block(List<TextRow> texts) {
        return router.block(texts.stream().map(TextRow::adapter).toList());
    }

    private static long longest(List<TextRow> texts) {
        return texts.stream().mapToLong(TextRow::longest).max().orElse(0);
    }

    /**
     * Gives each text its token. A listener that fails does so after all have theirs, or the texts
     * would not fit the cache any more.
     */
    private void advance(List<TextRow> texts, int[] chosen) {
        RuntimeException failed = null;
        for (int i = 0; i < texts.size(); i++) {
            try {
                texts.get(i).advance(chosen[i]);
            } catch (RuntimeException failure) {
                if (failed == null) {
                    failed = failure;
                } else {
                    failed.addSuppressed(failure);
                }
            }
        }
        dropDone();
        if (failed != null) {
            throw failed;
        }
    }

    private void dropDone() {
        keep(IntStream.range(0, rows.size()).filter(i -> !rows.get(i).isDone()).toArray());
    }

    private void keep(int[] indices) {
        if (cache == null || indices.length == rows.size()) {
            return;
        }
        List<TextRow> kept = IntStream.of(indices).mapToObj(rows::get).toList();
        replaceCache(kept.isEmpty() ? null : cache.only(indices, manager, longest(kept)));
        rows.clear();
        rows.addAll(kept);
    }

    private void replaceCache(@Nullable RowCache next) {
        if (cache != null) {
            cache.close();
        }
        cache = next;
    }

    /** Frees everything; the texts that are under way stay as they are. */
    @Override
    public void close() {
        rows.clear();
        cache = null;
        manager.close();
    }
}
