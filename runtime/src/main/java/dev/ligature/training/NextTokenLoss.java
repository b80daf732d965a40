package dev.ligature.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;

/**
 * The mean cross entropy of each token given those before it.
 *
 * <p>As a DJL loss:
 *
 * <ul>
 *   <li>labels: the token ids (B, T), not shifted, {@link #IGNORED} where a token does not count
 *   <li>predictions: logits (B, T, V), the last of which predict nothing, or (B, T − 1, V)
 *   <li>result: a scalar, the mean over the tokens that count
 * </ul>
 */
public final class NextTokenLoss extends Loss {
    /** The label of a token that does not count, as in torch and Transformers. */
    public static final long IGNORED = Targets.IGNORED;

    /** Creates the loss. */
    public NextTokenLoss() {
        super("NextTokenLoss");
    }

    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        NDArray logits = predictions.singletonOrThrow(); // (B, T, V) or (B, T − 1, V)
        NDArray ids = labels.singletonOrThrow(); // (B, T)
        if (logits.getShape().get(1) == ids.getShape().get(1)) {
            logits = logits.get(":, :-1"); // (B, T − 1, V)
        }
        Targets targets = Targets.of(ids, true, logits.getManager());
        return negativeMean(logits, targets, targets.count());
    }

    /**
     * Returns the sum of the cross entropies divided by a number of tokens, which need not be those
     * of this batch: ().
     */
    static NDArray negativeMean(NDArray logits, Targets targets, long tokens) {
        NDArray flat = logits.reshape(-1, logits.getShape().get(2)); // (B, T − 1, V) -> (N, V)
        if (flat.getDataType() == DataType.FLOAT16) {
            // Not toType, which leaves the graph: the product with fp32 is fp32, and has a
            // gradient.
            flat = flat.mul(flat.getManager().ones(new Shape(1), DataType.FLOAT32));
        }
        NDArray picked = flat.logSoftmax(1).gather(targets.classes(), 1); // (N, V) -> (N, 1)
        if (targets.counted() != null) {
            picked = picked.mul(targets.counted()); // (N, 1)
        }
        // Not sum().div(-tokens): that number would live in a buffer which Java frees before
        // backward.
        return picked.sum()
                .mul(picked.getManager().full(new Shape(), -1f / tokens, DataType.FLOAT32));
    }
}
