package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What one forward pass of text generation may do beyond its inputs and outputs: write keys and
 * values behind those of earlier tokens, in place, and compute the output of the last token alone.
 *
 * <p>It is one of the parameters of the call. A model that does not ask for it computes what its
 * inputs say, which is right as well.
 *
 * <p>For one thread.
 */
public final class GenerationPass {
    private static final String NAME = GenerationPass.class.getName();
    private static final int TOKENS = 2; // the axis of keys and values

    private final IdentityHashMap<NDArray, NDArray>
            buffers; // by identity of the view of the used part
    private final IdentityHashMap<NDArray, NDArray> longer =
            new IdentityHashMap<>(); // after the pass
    private final NDManager scope;
    private final long limit;
    private final boolean padded;

    /**
     * Creates a pass.
     *
     * @param buffers the arrays with room that arrays of the cache are views of, by these views.
     *     What is behind a view is 0
     * @param scope the owner of new arrays with room
     * @param limit the tokens that the texts may have in the end; no room is made for more
     * @param padded whether a row has padding. Without, the positions are those of the tokens in
     *     the batch, and the mask hides nothing
     */
    public GenerationPass(
            IdentityHashMap<NDArray, NDArray> buffers,
            NDManager scope,
            long limit,
            boolean padded) {
        this.buffers = new IdentityHashMap<>(buffers);
        this.scope = scope;
        this.limit = limit;
        this.padded = padded;
    }

    /** Returns the pass that a call is part of, or null. */
    public static @Nullable GenerationPass of(@Nullable PairList<String, Object> params) {
        return params != null && params.get(NAME) instanceof GenerationPass pass ? pass : null;
    }

    /** Returns the parameters of the call. */
    public PairList<String, Object> params() {
        PairList<String, Object> params = new PairList<>(1);
        params.add(NAME, this);
        return params;
    }

    boolean isPadded() {
        return padded;
    }

    /**
     * Returns the keys or values of earlier tokens and of new ones, of the manager of the new ones.
     * In a pass of generation this may be a view of an array that has room for more.
     *
     * @param past {@code (B, KV, P, D)}
     * @param now {@code (B, KV, T, D)}
     * @param params the parameters of the call
     * @return {@code (B, KV, P+T, D)}
     */
    public static NDArray append(
            NDArray past, NDArray now, @Nullable PairList<String, Object> params) {
        if (past.getShape().get(TOKENS) == 0) {
            return now;
        }
        GenerationPass pass = of(params);
        if (pass != null) {
            return pass.append(past, now);
        }
        // The result belongs to the manager of the first array, which here is the caller's.
        NDArray all = past.concat(now, TOKENS); // (B, KV, P+T, D)
        all.attach(now.getManager());
        return all;
    }

    private NDArray append(NDArray past, NDArray now) {
        long used = past.getShape().get(TOKENS);
        long all = used + now.getShape().get(TOKENS);
        NDArray buffer = buffers.remove(past); // what is behind a view is written once
        if (buffer == null || buffer.getShape().get(TOKENS) < all) {
            buffer = grown(past, all);
        }
        NDArray shown = part(buffer, all, 0); // (B, KV, P+T, D), a view
        try (NDArray place = part(shown, used, 1)) { // (B, KV, T, D), a view
            place.addi(now); // to zeros: DJL has no cheaper way to write into a view
        }
        shown.attach(now.getManager());
        longer.put(shown, buffer);
        return shown;
    }

    /** Returns the part before or behind a token; of the calls that give a view, the cheapest. */
    private static NDArray part(NDArray array, long token, int which) {
        NDList parts = array.split(new long[] {token}, TOKENS);
        parts.get(1 - which).close();
        return parts.get(which);
    }

    private NDArray grown(NDArray past, long all) {
        Shape shape = past.getShape(); // (B, KV, P, D)
        long capacity = Math.max(all, Math.min(2 * Long.highestOneBit(all), limit));
        NDArray buffer =
                scope.zeros(
                        new Shape(shape.get(0), shape.get(1), capacity, shape.get(3)),
                        past.getDataType()); // (B, KV, C, D)
        buffer.set(new NDIndex().addAllDim(TOKENS).addSliceDim(0, shape.get(TOKENS)), past);
        return buffer;
    }

    /** Returns the array with room that an output of the pass is a view of, or null. */
    public @Nullable NDArray buffer(NDArray output) {
        return longer.get(output);
    }
}
