package dev.ligature.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import dev.ligature.internal.loss.Targets;

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
        Targets targets = Targets.next(ids, true, logits.getManager());
        return targets.negativeMean(logits, targets.count(), null);
    }
}
