package dev.ligature.models.t5;

import ai.djl.ndarray.NDArray;
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
import dev.ligature.block.TokenEmbedding;
import dev.ligature.models.block.GenerationPass;
import dev.ligature.models.block.Linears;
import org.jspecify.annotations.Nullable;

/**
 * Attention whose scores are not scaled, and which knows places by what is added to them.
 *
 * <p>Inputs, in this order:
 *
 * <ul>
 *   <li>x, which looks: {@code (B, T, d)}
 *   <li>what is looked at: {@code (B, S, d)}
 *   <li>what is added to the scores: {@code (B or 1, H or 1, T, P+S)}, fp32
 *   <li>optionally keys and values of P earlier tokens: {@code (B, H, P, D)} each. Those of an
 *       encoder, where P is not 0, are all there are
 * </ul>
 *
 * <p>Outputs: y {@code (B, T, d)}, and if earlier keys and values were given, all of them.
 */
public final class T5Attention extends AbstractBlock {
    private static final byte VERSION = 1;
    private static final int CACHED = 3;

    @LoraTarget("q")
    Block query;

    @LoraTarget("k")
    Block key;

    @LoraTarget("v")
    Block value;

    @LoraTarget("o")
    Block output;

    /** In the first layer of a stack; null in others. */
    @LoraTarget("relative_attention_bias")
    @Nullable Block relativeBias;

    private final int heads;
    private final int headSize;
    private final boolean ofEncoder;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    private T5Attention(T5Config config, boolean biased, boolean ofEncoder) {
        super(VERSION);
        heads = config.numHeads();
        headSize = config.headSize();
        this.ofEncoder = ofEncoder;
        long inner = (long) heads * headSize;
        query = addChildBlock("q", Linears.of(inner, false));
        key = addChildBlock("k", Linears.of(inner, false));
        value = addChildBlock("v", Linears.of(inner, false));
        output = addChildBlock("o", Linears.of(config.modelSize(), false));
        relativeBias =
                biased
                        ? addChildBlock(
                                "relative_attention_bias",
                                new TokenEmbedding(config.buckets(), heads))
                        : null;
    }

    /**
     * Returns attention of a stack's tokens to each other.
     *
     * @param biased whether the stack's table of distances is here
     */
    static T5Attention itself(T5Config config, boolean biased) {
        return new T5Attention(config, biased, false);
    }

    /** Returns attention of the decoder's tokens to the encoder's. */
    static T5Attention toEncoder(T5Config config) {
        return new T5Attention(config, false, true);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList x = new NDList(inputs.get(0)); // (B, T, d)
        NDArray q = split(query.forward(parameterStore, x, training, params)); // (B, H, T, D)
        boolean caching = inputs.size() > CACHED;
        NDArray k;
        NDArray v;
        if (caching && ofEncoder && inputs.get(CACHED).getShape().get(2) > 0) {
            k = inputs.get(CACHED); // (B, H, S, D)
            v = inputs.get(CACHED + 1);
        } else {
            NDList source = new NDList(inputs.get(1)); // (B, S, d)
            k = split(key.forward(parameterStore, source, training, params)); // (B, H, S, D)
            v = split(value.forward(parameterStore, source, training, params));
            if (caching) {
                k = GenerationPass.append(inputs.get(CACHED), k, params); // (B, H, P+S, D)
                v = GenerationPass.append(inputs.get(CACHED + 1), v, params);
            }
        }
        NDArray scores = q.matMul(k.swapAxes(2, 3)); // (B, H, T, D) x (D, S) -> (B, H, T, S)
        // Some added arrays are smaller than the scores, which are this block's own.
        scores = Cast.to(scores, DataType.FLOAT32).add(inputs.get(2));
        NDArray weights = Cast.to(scores.softmax(3), v.getDataType());
        NDArray y = weights.matMul(v).swapAxes(1, 2); // (B, T, H, D)
        Shape shape = y.getShape();
        y = y.reshape(shape.get(0), shape.get(1), (long) heads * headSize);
        NDArray out =
                output.forward(parameterStore, new NDList(y), training, params).singletonOrThrow();
        return caching ? new NDList(out, k, v) : new NDList(out);
    }

    private NDArray split(NDList projected) {
        NDArray x = projected.singletonOrThrow(); // (B, T, H·D)
        Shape shape = x.getShape();
        return x.reshape(shape.get(0), shape.get(1), heads, headSize).swapAxes(1, 2);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape x = inputShapes[0];
        if (inputShapes.length <= CACHED) {
            return new Shape[] {x};
        }
        Shape past = inputShapes[CACHED];
        long earlier = past.get(2);
        long more = ofEncoder && earlier > 0 ? 0 : inputShapes[1].get(1);
        Shape all = new Shape(past.get(0), past.get(1), earlier + more, past.get(3));
        return new Shape[] {x, all, all};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape x = inputShapes[0]; // (B, T, d)
        query.initialize(manager, dataType, x);
        key.initialize(manager, dataType, x);
        value.initialize(manager, dataType, x);
        output.initialize(
                manager, dataType, new Shape(x.get(0), x.get(1), (long) heads * headSize));
        if (relativeBias != null) {
            relativeBias.initialize(manager, dataType, new Shape(1, 1));
        }
    }
}
