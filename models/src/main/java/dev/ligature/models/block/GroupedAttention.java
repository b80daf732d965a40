package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.Cast;
import dev.ligature.ops.LayerTerms;
import dev.ligature.ops.LinearTerms;
import dev.ligature.ops.OperatorLookup;
import org.jspecify.annotations.Nullable;

/**
 * Self-attention, in groups of G query heads to one of KV key heads (Ainslie et al., "GQA", 2023).
 * The projections are declared by the classes that extend this one.
 *
 * <p>Inputs, in this order:
 *
 * <ul>
 *   <li>x: {@code (B, T, d)}
 *   <li>mask, added to the scores: {@code (B or 1, 1, G·T, P+T)}, fp32; an array without elements
 *       if nothing is hidden
 *   <li>the four {@link RotaryTables}
 *   <li>optionally the keys and values of P earlier tokens: {@code (B, KV, P, D)} each. The mask
 *       then has to hide from each token those behind it
 * </ul>
 *
 * <p>In a {@link TextsPass} there are no keys and values of earlier tokens among the inputs: the
 * pass has them.
 *
 * <p>Outputs: y {@code (B, T, d)}, and if earlier keys and values were given, all of them: {@code
 * (B, KV, P+T, D)} each.
 */
public abstract class GroupedAttention extends AbstractBlock {
    private static final byte VERSION = 1;
    private static final int CACHED = 6;

    /** The most tokens whose scores are computed at once where a token sees none behind it. */
    static final long BLOCK = 128;

    private final Heads heads;
    private final int turned;
    private final float cap;

    /**
     * Creates attention.
     *
     * @param heads the heads
     * @param rope how positions turn them
     * @param cap c of scores that become {@code c · tanh(score / c)}; 0 if they stay
     */
    protected GroupedAttention(Heads heads, Rope rope, double cap) {
        super(VERSION);
        this.heads = heads;
        this.turned = rope.turned(heads.size());
        this.cap = (float) cap;
    }

    /**
     * Returns the queries {@code (B, T, KV·G·D)}, keys and values {@code (B, T, KV·D)} of tokens.
     *
     * @param x {@code (B, T, d)}
     * @param call the forward pass
     */
    protected abstract NDList project(NDArray x, Call call);

    /**
     * Returns what {@link #project} and {@link #outputProjection} compute in a pass without
     * gradients, if these are linear blocks with at most a pair of factors each, and norms of
     * heads; else null, which is so unless a class says otherwise.
     *
     * @param x an array of the pass
     * @param call the forward pass
     */
    protected @Nullable Projections projections(NDArray x, Call call) {
        return null;
    }

    /**
     * What there is before and behind attention.
     *
     * @param query x to the queries
     * @param key x to the keys
     * @param value x to the values
     * @param output what attention gives to y
     * @param queryNorm a norm over each head of the queries, if there is one
     * @param keyNorm a norm over each head of the keys, if there is one
     */
    public record Projections(
            LinearTerms query,
            LinearTerms key,
            LinearTerms value,
            LinearTerms output,
            LayerTerms.@Nullable Norm queryNorm,
            LayerTerms.@Nullable Norm keyNorm) {}

    /** Returns what attention computes of one new token of each text; null if a pass has others. */
    final LayerTerms.@Nullable Attention terms(
            NDArray x, RotaryTables tables, TextsPass texts, Call call) {
        Projections of = projections(x, call);
        return of == null
                ? null
                : new LayerTerms.Attention(
                        of.query(),
                        of.key(),
                        of.value(),
                        of.output(),
                        of.queryNorm(),
                        of.keyNorm(),
                        heads.keyValue(),
                        heads.groups(),
                        heads.size(),
                        tables.rotation(turned),
                        texts.span(cap));
    }

    /** Returns the projection back, {@code (B, T, KV·G·D)} to {@code (B, T, d)}. */
    protected abstract Block outputProjection();

    /** Splits what one block projected into queries, keys and values. */
    protected final NDList split(NDArray fused) {
        long keysAt = heads.querySize();
        return fused.split(new long[] {keysAt, keysAt + heads.keySize()}, 2);
    }

    @Override
    protected final NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        Call call = new Call(parameterStore, training, params);
        NDList projected = project(inputs.get(0), call);
        NDList outputs = attend(projected, inputs, call);
        outputs.set(0, call.of(outputProjection(), outputs.get(0))); // (B, T, d)
        return outputs;
    }

    private NDList attend(NDList projected, NDList inputs, Call call) {
        NDArray q = projected.get(0); // (B, T, KV·G·D)
        long batch = q.getShape().get(0);
        long tokens = q.getShape().get(1);
        NDArray queries = grouped(q, inputs, batch, tokens); // (B, KV, G·T, D)
        NDArray keys =
                RotaryTables.turn(
                        apart(projected.get(1)),
                        inputs.get(4),
                        inputs.get(5),
                        turned); // (B, KV, T, D)
        NDArray values = apart(projected.get(2)); // (B, KV, T, D)
        TextsPass texts = TextsPass.of(call.params());
        boolean caching = inputs.size() > CACHED && texts == null;
        if (caching) {
            keys = GenerationPass.append(inputs.get(CACHED), keys, call.params()); // (B, KV, S, D)
            values = GenerationPass.append(inputs.get(CACHED + 1), values, call.params());
        }
        NDArray y; // (B, KV, G·T, D)
        if (texts != null && tokens == 1) {
            y =
                    OperatorLookup.of(call.parameterStore(), queries, call.training())
                            .attention(queries, keys, values, texts.caches(keys), texts.span(cap));
        } else if (texts != null) {
            y = new TextsAttention(texts, heads, this::weighted).of(queries, keys, values);
        } else if (caching && tokens > BLOCK) {
            y = inBlocks(queries, keys, values, inputs.get(1), tokens);
        } else {
            y = weighted(queries, keys, values, inputs.get(1));
        }
        if (tokens > 1) {
            y =
                    y.reshape(batch, heads.keyValue(), heads.groups(), tokens, heads.size())
                            .transpose(0, 3, 1, 2, 4); // (B, T, KV, G, D)
        }
        y = y.reshape(batch, tokens, heads.querySize());
        return caching ? new NDList(y, keys, values) : new NDList(y);
    }

    /** Returns the turned queries of a group below each other, {@code (B, KV, G·T, D)}. */
    private NDArray grouped(NDArray q, NDList inputs, long batch, long tokens) {
        if (tokens == 1) { // then nothing has to be exchanged
            NDArray apart = q.reshape(batch, heads.keyValue(), heads.groups(), heads.size());
            return RotaryTables.turn(apart, inputs.get(2), inputs.get(3), turned);
        }
        NDArray apart =
                q.reshape(batch, tokens, heads.keyValue(), heads.groups(), heads.size())
                        .transpose(0, 2, 3, 1, 4); // (B, KV, G, T, D)
        return RotaryTables.turn(apart, inputs.get(2), inputs.get(3), turned)
                .reshape(batch, heads.keyValue(), heads.groups() * tokens, heads.size());
    }

    private NDArray apart(NDArray x) {
        long batch = x.getShape().get(0); // (B, T, KV·D)
        long tokens = x.getShape().get(1);
        return tokens == 1
                ? x.reshape(batch, heads.keyValue(), 1, heads.size())
                : x.reshape(batch, tokens, heads.keyValue(), heads.size())
                        .swapAxes(1, 2); // (B, KV, T, D)
    }

    /**
     * Attends block by block of queries, each to the keys up to its last token: about half of the
     * work, and the scores of one block at a time.
     */
    private NDArray inBlocks(NDArray q, NDArray k, NDArray v, NDArray mask, long tokens) {
        long batch = q.getShape().get(0);
        long all = k.getShape().get(2);
        NDManager manager = q.getManager();
        Shape apart = new Shape(batch, heads.keyValue(), heads.groups(), tokens, heads.size());
        NDArray queries = q.reshape(apart);
        NDArray hidden = mask.reshape(mask.getShape().get(0), 1, heads.groups(), tokens, all);
        NDList parts = new NDList();
        for (long from = 0; from < tokens; from += BLOCK) {
            long to = Math.min(from + BLOCK, tokens);
            long seen = all - tokens + to;
            NDIndex rows = new NDIndex().addAllDim(3).addSliceDim(from, to);
            NDIndex columns = new NDIndex().addAllDim(2).addSliceDim(0, seen);
            try (NDManager scope = manager.newSubManager()) {
                NDArray part = queries.get(scope, rows); // (B, KV, G, t, D)
                NDArray y =
                        weighted(
                                part.reshape(batch, heads.keyValue(), -1, heads.size()),
                                k.get(scope, columns),
                                v.get(scope, columns),
                                hidden.get(scope, rows.addSliceDim(0, seen)));
                y = y.reshape(part.getShape());
                y.attach(manager);
                parts.add(y);
            }
        }
        return NDArrays.concat(parts, 3).reshape(q.getShape());
    }

    /** Attends in groups: the queries of a group stand below each other, so keys need no copy. */
    private NDArray weighted(NDArray q, NDArray k, NDArray v, NDArray mask) {
        NDArray scores = q.matMul(k.swapAxes(2, 3)); // (B, KV, G·T, D) x (D, S) -> (B, KV, G·T, S)
        // The product of matrices keeps its factors for the gradient, not the product.
        scores = SoftCap.of(Cast.to(scores, DataType.FLOAT32), cap);
        if (mask.size() > 0) {
            // Of a part of the tokens the mask has the groups apart.
            Shape shape = mask.getShape();
            NDArray same = shape.dimension() == 4 ? scores : apart(scores, shape);
            same.addi(mask);
        }
        NDArray weights = Cast.to(scores.softmax(3), v.getDataType());
        return weights.matMul(v); // (B, KV, G·T, S) x (S, D) -> (B, KV, G·T, D)
    }

    private NDArray apart(NDArray scores, Shape mask) {
        long batch = scores.getShape().get(0);
        return scores.reshape(
                batch, heads.keyValue(), heads.groups(), mask.get(3), mask.get(4)); // a view
    }

    @Override
    public final Shape[] getOutputShapes(Shape[] inputShapes) {
        return outputShapes(inputShapes);
    }

    /** Returns the shapes of the outputs, which are those of a layer too. */
    public static Shape[] outputShapes(Shape[] inputShapes) {
        Shape x = inputShapes[0];
        if (inputShapes.length <= CACHED) {
            return new Shape[] {x};
        }
        Shape past = inputShapes[CACHED];
        Shape all = new Shape(past.get(0), past.get(1), past.get(2) + x.get(1), past.get(3));
        return new Shape[] {x, all, all};
    }

    @Override
    public final void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape x = inputShapes[0]; // (B, T, d)
        Shape attended = new Shape(x.get(0), x.get(1), heads.querySize());
        for (Block child : getChildren().values()) {
            child.initialize(manager, dataType, child == outputProjection() ? attended : x);
        }
    }
}
