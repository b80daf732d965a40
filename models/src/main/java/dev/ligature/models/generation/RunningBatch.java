package dev.ligature.models.generation;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.ligature.LoraException;
import dev.ligature.models.DecoderShape;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.function.Predicate;
import java.util.stream.IntStream;

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
 *     batch.add(List.of(third)); // while the others are under way
 *     while (!batch.isEmpty()) {
 *         batch.step();
 *     }
 * }
 * }</pre>
 *
 * <p>A step reads at most one piece of the prompts of texts that were added, and then gives each
 * text whose prompt is read a token. So a long prompt delays the others by no more than a piece.
 * Prompts take turns: a piece is of the one that has waited longest, and of those beside it that
 * are short.
 *
 * <p>Each text has its keys and values in an array of its own, with room to its end. That room is
 * counted in blocks, and reserved when the text's prompt is to be read; a text for which there is
 * none waits until others end, in the order in which they were added. As texts under way never need
 * more than they have, they all end, whatever waits.
 *
 * <p>What a text's listener throws, {@link #join}, {@link #read}, {@link #grow} and {@link #step}
 * throw when all texts have their token; the batch can go on, with {@link #leave} without that
 * text.
 *
 * <p>For one thread at a time.
 */
public final class RunningBatch implements AutoCloseable {
    private final DecoderShape shape;
    private final BatchOptions options;
    private final NDManager manager;
    private final TextPasses passes;
    private final CacheRoom room;
    private final Queue<TextRow> waiting = new ArrayDeque<>(); // for room
    private final List<SeatedText> reading = new ArrayList<>(); // in the order of their turns
    private final List<SeatedText> growing = new ArrayList<>();

    /**
     * Creates an empty batch with the default options.
     *
     * @param router gives the blocks
     * @param shape the model's sizes
     * @param parent the parent of all arrays, which are freed with the batch; its device is the
     *     model's
     */
    public RunningBatch(RowRouter router, DecoderShape shape, NDManager parent) {
        this(router, shape, parent, BatchOptions.DEFAULTS);
    }

    /**
     * Creates an empty batch.
     *
     * @param router gives the blocks
     * @param shape the model's sizes
     * @param parent the parent of all arrays, which are freed with the batch; its device is the
     *     model's
     * @param options how it reads prompts, and what it keeps
     */
    public RunningBatch(
            RowRouter router, DecoderShape shape, NDManager parent, BatchOptions options) {
        this.shape = shape;
        this.options = options;
        this.manager = parent.newSubManager();
        this.passes = new TextPasses(router, shape, manager);
        this.room = new CacheRoom(options, manager);
    }

    /** Returns the number of texts under way. */
    public int size() {
        return waiting.size() + reading.size() + growing.size();
    }

    /** Returns the number of texts whose prompts are read, and which get a token in each step. */
    public int growing() {
        return growing.size();
    }

    /** Returns whether no text is under way. */
    public boolean isEmpty() {
        return size() == 0;
    }

    /** Returns what is held of keys and values. */
    public CacheStatistics statistics() {
        return room.statistics();
    }

    /**
     * Takes texts in, whose prompts the next steps read.
     *
     * @param newcomers the texts
     * @throws LoraException if a prompt is empty, has an id outside the vocabulary, or would become
     *     longer than the model's positions or than the whole cache; nothing has changed then
     */
    public void add(List<TextRow> newcomers) {
        for (int i = 0; i < newcomers.size(); i++) {
            newcomers.get(i).check(shape, i);
            newcomers.get(i).checkRoom(options);
        }
        newcomers.stream()
                .filter(row -> !row.isDone() || row.kept().ofPrompt())
                .forEach(waiting::add);
    }

    /**
     * Takes texts in, and reads their prompts, so that each gets its first token; those for which
     * the cache has no room now get theirs in later steps. Those that end with it have left again,
     * and so have those whose prompts cannot be read, the reason for which is thrown at the end.
     *
     * @param newcomers the texts
     * @throws LoraException if a prompt is empty, has an id outside the vocabulary, or would become
     *     longer than the model's positions or than the whole cache; nothing has changed then
     */
    public void join(List<TextRow> newcomers) {
        add(newcomers);
        seat();
        Failures failures = new Failures();
        while (reading.stream().anyMatch(text -> newcomers.contains(text.row()))) {
            failures.of(this::read);
        }
        try {
            failures.rethrow();
        } catch (TextsFailedException failed) {
            throw failed.reason();
        }
    }

    /** Reads at most one piece of the prompts, and then gives each text its next token. */
    public void step() {
        Failures failures = new Failures();
        failures.of(this::read);
        failures.of(this::grow);
        failures.rethrow();
    }

    /**
     * Reads at most one piece of the prompts that are left to read; a text whose prompt ends with
     * it gets its first token.
     *
     * @throws TextsFailedException if that fails for some texts, also where they are read alone;
     *     they have left
     */
    public void read() {
        seat();
        if (reading.isEmpty()) {
            return;
        }
        PromptPiece piece = PromptPiece.next(reading, options.pieceTokens());
        Map<SeatedText, Integer> first = new LinkedHashMap<>();
        Map<SeatedText, RuntimeException> failed = new LinkedHashMap<>();
        read(piece, first, failed);
        reading.removeAll(piece.texts());
        for (SeatedText text : piece.texts()) {
            if (failed.containsKey(text)) {
                text.close();
                continue;
            }
            text.keep();
            (text.unread() > 0 ? reading : growing).add(text);
        }
        Failures failures = new Failures();
        failures.of(() -> TextsFailedException.throwIfAny(failed));
        failures.of(() -> advance(first));
        failures.rethrow();
    }

    /** Reads a piece; if that fails, each of its texts by itself. */
    private void read(
            PromptPiece piece,
            Map<SeatedText, Integer> first,
            Map<SeatedText, RuntimeException> failed) {
        try {
            first.putAll(piece.read(passes, manager));
        } catch (RuntimeException failure) {
            piece.rewind();
            if (piece.texts().size() == 1) {
                failed.put(piece.texts().get(0), failure);
            } else {
                IntStream.range(0, piece.texts().size())
                        .forEach(i -> read(piece.only(i), first, failed));
            }
        }
    }

    /** Gives room to those that wait for it, as far as there is some. */
    private void seat() {
        while (!waiting.isEmpty()) {
            SeatedText text = SeatedText.of(waiting.element(), shape.layers(), room, manager);
            if (text == null) {
                return;
            }
            waiting.remove();
            reading.add(text);
        }
    }

    /**
     * Gives each text whose prompt is read its next token. Those that end with it leave. If the
     * pass fails, the batch is as before.
     */
    public void grow() {
        if (growing.isEmpty()) {
            return;
        }
        List<TextRow> rows = growing.stream().map(SeatedText::row).toList();
        List<long[]> newest = rows.stream().map(row -> new long[] {row.last()}).toList();
        long[] lengths = growing.stream().mapToLong(text -> text.cache().length()).toArray();
        Map<SeatedText, Integer> next = new LinkedHashMap<>();
        try (NDManager scope = manager.newSubManager()) {
            NDArray logits = passes.forward(growing, newest, false, scope); // (B, 1, V)
            int[] chosen = NextTokens.choose(rows, logits);
            for (int i = 0; i < chosen.length; i++) {
                next.put(growing.get(i), chosen[i]);
            }
        } catch (RuntimeException e) {
            for (int i = 0; i < lengths.length; i++) {
                growing.get(i).cache().rewind(lengths[i]);
            }
            throw e;
        }
        growing.forEach(SeatedText::keep);
        advance(next);
    }

    /**
     * Gives texts their tokens. A listener that fails does so after all have theirs, or the texts
     * would not fit the cache any more.
     */
    private void advance(Map<SeatedText, Integer> tokens) {
        Failures failures = new Failures();
        tokens.forEach((text, id) -> failures.of(() -> text.row().advance(id)));
        remove(growing, text -> text.row().isDone());
        failures.rethrow();
    }

    /**
     * Takes a text out before its end; does nothing if it has left.
     *
     * @param row the text
     */
    public void leave(TextRow row) {
        waiting.removeIf(each -> each == row);
        remove(reading, text -> text.row() == row);
        remove(growing, text -> text.row() == row);
    }

    private static void remove(List<SeatedText> texts, Predicate<SeatedText> condition) {
        texts.stream().filter(condition).forEach(SeatedText::close);
        texts.removeIf(condition);
    }

    /** Frees everything; the texts that are under way stay as they are. */
    @Override
    public void close() {
        waiting.clear();
        reading.clear();
        growing.clear();
        manager.close();
    }
}
