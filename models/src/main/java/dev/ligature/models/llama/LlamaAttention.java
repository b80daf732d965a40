package dev.ligature.models.llama;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.block.Cast;
import dev.ligature.models.block.Linears;
import dev.ligature.models.block.RotaryTables;
import org.jspecify.annotations.Nullable;

/**
 * Causal self-attention in which each of KV key heads serves a group of G query heads (Ainslie et
 * al., "GQA", 2023).
 *
 * <p>Inputs, in this order:
 *
 * <ul>
 *   <li>x: {@code (B, T, d)}
 *   <li>mask, added to the scores: {@code (B or 1, 1, G·T, P+T)}, fp32
 *   <li>the four {@link RotaryTables}
 *   <li>optionally the keys and values of P earlier tokens: {@code (B, KV, P, D)} each
 * </ul>
 *
 * <p>Outputs: y {@code (B, T, d)}, and if earlier keys and values were given, all of them: {@code
 * (B, KV, P+T, D)} each.
 */
public final class LlamaAttention extends AbstractBlock {
    private static final byte VERSION = 1;
    private static final int CACHED = 6;

    @LoraTarget("q_proj")
    Block queryProj;

    @LoraTarget("k_proj")
    Block keyProj;

    @LoraTarget("v_proj")
    Block valueProj;

    @LoraTarget("o_proj")
    Block outputProj;

    private final int keyValueHeads;
    private final int groups;
    private final int headDim;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    LlamaAttention(LlamaConfig config) {
        super(VERSION);
        keyValueHeads = config.numKeyValueHeads();
        groups = config.groups();
        headDim = config.headDim();
        boolean bias = config.queryKeyValueBias();
        long queries = (long) config.numAttentionHeads() * headDim;
        long keys = (long) keyValueHeads * headDim;
        queryProj = addChildBlock("q_proj", Linears.of(queries, bias));
        keyProj = addChildBlock("k_proj", Linears.of(keys, bias));
        valueProj = addChildBlock("v_proj", Linears.of(keys, bias));
        outputProj = addChildBlock("o_proj", Linears.of(config.hiddenSize(), config.outputBias()));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList x = new NDList(inputs.get(0)); // (B, T, d)
        NDArray q = queryProj.forward(parameterStore, x, training, params).singletonOrThrow();
        NDArray k = keyProj.forward(parameterStore, x, training, params).singletonOrThrow();
        NDArray v = valueProj.forward(parameterStore, x, training, params).singletonOrThrow();
        Shape shape = x.get(0).getShape();
        long batch = shape.get(0);
        long tokens = shape.get(1);
        q =
                q.reshape(batch, tokens, keyValueHeads, groups, headDim)
                        .transpose(0, 2, 3, 1, 4); // (B, KV, G, T, D)
        q =
                RotaryTables.turn(q, inputs.get(2), inputs.get(3))
                        .reshape(batch, keyValueHeads, groups * tokens, headDim); // (B, KV, G·T, D)
        k = k.reshape(batch, tokens, keyValueHeads, headDim).swapAxes(1, 2); // (B, KV, T, D)
        k = RotaryTables.turn(k, inputs.get(4), inputs.get(5)); // (B, KV, T, D)
        v = v.reshape(batch, tokens, keyValueHeads, headDim).swapAxes(1, 2); // (B, KV, T, D)
        boolean caching = inputs.size() > CACHED;
        if (caching) {
            k = append(inputs.get(CACHED), k); // (B, KV, S, D)
            v = append(inputs.get(CACHED + 1), v); // (B, KV, S, D)
        }
        NDArray y = attend(q, k, v, inputs.get(1)); // (B, KV, G·T, D)
        y =
                y.reshape(batch, keyValueHeads, groups, tokens, headDim)
                        .transpose(0, 3, 1, 2, 4) // (B, T, KV, G, D)
                        .reshape(batch, tokens, (long) keyValueHeads * groups * headDim);
        NDArray out =
                outputProj
                        .forward(parameterStore, new NDList(y), training, params)
                        .singletonOrThrow(); // (B, T, H·D) -> (B, T, d)
        return caching ? new NDList(out, k, v) : new NDList(out);
    }

    /** Attends in groups: the queries of a group stand below each other, so keys need no copy. */
    private static NDArray attend(NDArray q, NDArray k, NDArray v, NDArray mask) {
        NDArray scores = q.matMul(k.swapAxes(2, 3)); // (B, KV, G·T, D) x (D, S) -> (B, KV, G·T, S)
        // The product of matrices keeps its factors for the gradient, not the product.
        scores = Cast.to(scores, DataType.FLOAT32).addi(mask);
        NDArray weights = Cast.to(scores.softmax(3), v.getDataType());
        return weights.matMul(v); // (B, KV, G·T, S) x (S, D) -> (B, KV, G·T, D)
    }

    private static NDArray append(NDArray past, NDArray now) {
        if (past.getShape().get(2) == 0) {
            return now;
        }
        // The result belongs to the manager of the first array, which here is the caller's.
        NDArray all = NDArrays.concat(new NDList(past, now), 2); // (B, KV, P+T, D)
        all.attach(now.getManager());
        return all;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape x = inputShapes[0];
        if (inputShapes.length <= CACHED) {
            return new Shape[] {x};
        }
        Shape past = inputShapes[CACHED];
        Shape all = new Shape(past.get(0), past.get(1), past.get(2) + x.get(1), past.get(3));
        return new Shape[] {x, all, all};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape x = inputShapes[0]; // (B, T, d)
        queryProj.initialize(manager, dataType, x);
        keyProj.initialize(manager, dataType, x);
        valueProj.initialize(manager, dataType, x);
        long queries = (long) keyValueHeads * groups * headDim;
        outputProj.initialize(manager, dataType, new Shape(x.get(0), x.get(1), queries));
    }
}
