package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.models.internal.ModelMessage;
import org.jspecify.annotations.Nullable;

/**
 * The inputs of a decoder with a cache of keys and values. All after the first may be left out,
 * from the last one on:
 *
 * <ol>
 *   <li>token ids: {@code (B, T)}, int64 or int32, each in 0 … V−1
 *   <li>attention mask: {@code (B, P+T)}, 0 at padding and 1 else, any numeric type; or {@code (B,
 *       T, P+T)}, 1 where a token may look, if it is not behind it, and 0 else; then with positions
 *   <li>positions: {@code (B, T)}; without them they are counted by the mask, so that padding on
 *       the left does not count
 *   <li>the cache: for each layer the keys and the values of P earlier tokens, {@code (B, KV, P,
 *       D)} each, with D the size of a head
 * </ol>
 */
public final class DecoderInputs {
    private static final int CACHE = 3;

    private final NDList inputs;
    private final long past;
    private final long tokens;

    private DecoderInputs(NDList inputs, long past) {
        this.inputs = inputs;
        this.past = past;
        this.tokens = inputs.get(0).getShape().get(1);
    }

    public static DecoderInputs of(NDList inputs, int layers) {
        int size = inputs.size();
        if (size == 0 || (size > CACHE && size != CACHE + 2 * layers)) {
            throw ModelMessage.INPUT_COUNT.error(size, 2 * layers);
        }
        Shape ids = inputs.get(0).getShape();
        if (ids.dimension() != 2) {
            throw ModelMessage.INPUT_IDS.error(ids);
        }
        DecoderInputs in =
                new DecoderInputs(inputs, size > CACHE ? inputs.get(CACHE).getShape().get(2) : 0);
        if (size > 1) {
            long all = in.past + ids.get(1);
            boolean ofTokens = inputs.get(1).getShape().dimension() == 3;
            in.check("an attention mask", 1, ofTokens ? ids.add(all) : new Shape(ids.get(0), all));
            if (ofTokens && size == 2) {
                throw ModelMessage.INPUT_POSITIONS.error(inputs.get(1).getShape());
            }
        }
        if (size > 2) {
            in.check("positions", 2, ids);
        }
        return in;
    }

    private void check(String what, int index, Shape wanted) {
        Shape shape = inputs.get(index).getShape();
        if (!shape.equals(wanted)) {
            throw ModelMessage.INPUT_SHAPE.error(
                    what, shape, inputs.get(0).getShape(), past, wanted);
        }
    }

    public NDArray ids() {
        return inputs.get(0);
    }

    public long past() {
        return past;
    }

    public long tokens() {
        return tokens;
    }

    /** Returns the keys and values that a layer has cached, or an empty list. */
    public NDList cache(int layer) {
        int first = CACHE + 2 * layer;
        return inputs.size() > CACHE
                ? new NDList(inputs.get(first), inputs.get(first + 1))
                : new NDList();
    }

    /**
     * Returns the attention mask as fp32 {@code (B, P+T)} or {@code (B, T, P+T)} in the scope, or
     * null if none is given.
     */
    public @Nullable NDArray attentionMask(NDManager scope) {
        return inputs.size() > 1 ? fp32(inputs.get(1), scope) : null;
    }

    /**
     * Returns the positions as fp32 in the scope, {@code (B or 1, T)}: those given; else counted by
     * the mask, so that padding on the left does not count; else P … P+T−1.
     */
    public NDArray positions(NDManager scope, @Nullable NDArray attentionMask) {
        if (inputs.size() > 2) {
            return fp32(inputs.get(2), scope);
        }
        if (attentionMask == null) {
            return countedPositions(scope);
        }
        NDArray one = scope.ones(new Shape());
        NDArray counted = attentionMask.cumSum(1).subi(one); // (B, P+T)
        return past == 0 ? counted : counted.split(new long[] {past}, 1).get(1); // (B, T)
    }

    /** Returns P … P+T−1 as fp32 in the scope, {@code (1, T)}. */
    NDArray countedPositions(NDManager scope) {
        return range(scope, past, past + tokens).reshape(1, tokens);
    }

    /** Returns from, from + 1, … to − 1 as fp32, which is exact below 2²⁴. */
    public static NDArray range(NDManager manager, long from, long to) {
        return manager.arange((float) from, (float) to, 1, DataType.FLOAT32);
    }

    private static NDArray fp32(NDArray given, NDManager scope) {
        NDArray copy = given.toType(DataType.FLOAT32, true);
        copy.attach(scope);
        return copy;
    }

    /** Returns the shapes of the hidden state and of the cache behind it. */
    public static Shape[] outputShapes(Shape[] inputs, long last) {
        Shape ids = inputs[0];
        Shape[] outputs = new Shape[Math.max(1, 1 + inputs.length - CACHE)];
        outputs[0] = ids.add(last);
        for (int i = 1; i < outputs.length; i++) {
            Shape past = inputs[CACHE - 1 + i];
            outputs[i] = new Shape(past.get(0), past.get(1), past.get(2) + ids.get(1), past.get(3));
        }
        return outputs;
    }
}
