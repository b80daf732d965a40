package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import dev.ligature.ops.AttentionSpan;
import dev.ligature.ops.LayerTerms;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A forward pass over new tokens of several texts, whose keys and values each text has to itself in
 * a {@link TextCache}: all layers but attention compute them together, and attention goes text by
 * text, so that no text sees padding, or has to be as long as another one.
 *
 * <p>It is one of the parameters of the call. The inputs are token ids, a mask and positions,
 * {@code (B, T)} each, without a cache; a text with fewer than T new tokens has padding on the
 * right. A model that does not ask for the pass leaves it untaken, and has computed texts without
 * their earlier tokens then.
 *
 * <p>For one thread.
 */
public final class TextsPass {
    private static final String NAME = TextsPass.class.getName();

    private final List<TextCache> texts;
    private final int[] counts;
    private final boolean everyToken;
    private final Map<MaskKey, NDArray> masks = new HashMap<>();
    private final Map<Integer, AttentionSpan> spans = new HashMap<>(); // by window
    private @Nullable NDManager scope; // of the pass, null before it is taken
    private int layer;
    private int window;

    private record MaskKey(long past, long tokens, int window) {}

    /**
     * Creates a pass.
     *
     * @param texts the keys and values of each text, B
     * @param counts how many new tokens each text has, at least one and at most T
     * @param everyToken whether the outputs of all tokens are wanted; else only those of the last
     *     token of each text
     */
    public TextsPass(List<TextCache> texts, int[] counts, boolean everyToken) {
        this.texts = List.copyOf(texts);
        this.counts = counts.clone();
        this.everyToken = everyToken;
    }

    static @Nullable TextsPass of(@Nullable PairList<String, Object> params) {
        return params != null && params.get(NAME) instanceof TextsPass pass ? pass : null;
    }

    /** Returns the parameters of the call. */
    public PairList<String, Object> params() {
        PairList<String, Object> params = new PairList<>(1);
        params.add(NAME, this);
        return params;
    }

    /** Returns whether a model has computed the pass with the caches of the texts. */
    public boolean isTaken() {
        return scope != null;
    }

    /**
     * Takes the pass on; the scope lives as long as it.
     *
     * @throws IllegalStateException if a cache has no room for the new tokens of its text
     */
    void begin(NDManager ofPass) {
        for (int i = 0; i < counts.length; i++) {
            texts.get(i).checkRoom(counts[i]);
        }
        scope = ofPass;
        masks.clear(); // of a scope before this one
        spans.clear();
    }

    /** Says which layer comes next, and how many tokens one sees there; 0 if all before it. */
    void enter(int nextLayer, int nextWindow) {
        layer = nextLayer;
        window = nextWindow;
    }

    /** Returns the tokens of the longest text, with its new ones. */
    long longest() {
        long most = 0;
        for (int i = 0; i < counts.length; i++) {
            most = Math.max(most, texts.get(i).length() + counts[i]);
        }
        return most;
    }

    /**
     * Returns what is to be computed of hidden states {@code (B, T, d)}: that or {@code (B, 1, d)}.
     */
    NDArray wanted(NDArray x) {
        Shape shape = x.getShape();
        int tokens = (int) shape.get(1);
        if (everyToken || tokens == 1) {
            return x;
        }
        long[] last = new long[counts.length];
        for (int i = 0; i < last.length; i++) {
            last[i] = (long) i * tokens + counts[i] - 1;
        }
        NDManager manager = x.getManager();
        return x.reshape(-1, shape.get(2)) // (B · T, d)
                .get(manager.create(last))
                .reshape(counts.length, 1, shape.get(2)); // (B, 1, d)
    }

    int layer() {
        return layer;
    }

    int window() {
        return window;
    }

    TextCache text(int row) {
        return texts.get(row);
    }

    /** Returns how many new tokens a text has. */
    int count(int row) {
        return counts[row];
    }

    /**
     * Returns what one new token of each text sees in the layer.
     *
     * @param cap that of the scores of all layers
     */
    AttentionSpan span(float cap) {
        NDManager owner = Objects.requireNonNull(scope);
        return spans.computeIfAbsent(
                window, seen -> new AttentionSpan(owner, lengths(), seen, cap));
    }

    private long[] lengths() {
        return texts.stream().mapToLong(TextCache::length).toArray();
    }

    /**
     * Returns the keys and values of all texts in the layer, with room for new ones.
     *
     * @param keys keys of new tokens, {@code (B, KV, T, D)}
     */
    NDList caches(NDArray keys) {
        NDList caches = new NDList(texts.size());
        for (TextCache text : texts) {
            caches.add(text.layer(layer, keys));
        }
        return caches;
    }

    /**
     * Returns the keys and values of all texts in all layers, with room for new ones.
     *
     * @param attention that of the layers
     */
    NDList caches(LayerTerms.Attention attention) {
        NDList caches = new NDList(texts.size());
        for (TextCache text : texts) {
            caches.add(text.whole(attention.keyHeads(), attention.size()));
        }
        return caches;
    }

    /**
     * Returns what hides from tokens those behind them, and those before their window: {@code (1,
     * 1, 1, t, P+t)}, the same one for all layers.
     *
     * @param past the tokens P before these that one of them may see
     * @param tokens their number t
     */
    NDArray mask(long past, long tokens) {
        NDManager owner = Objects.requireNonNull(scope);
        return masks.computeIfAbsent(
                new MaskKey(past, tokens, window),
                key ->
                        CausalMask.of(owner, past, tokens, null, 1, window)
                                .reshape(1, 1, 1, tokens, past + tokens));
    }
}
