package dev.ligature.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;
import dev.ligature.internal.loss.RowLoss;
import dev.ligature.training.NextTokenLoss;

/**
 * The loss of preferences. With the log probabilities of the texts by the model, less those by the
 * reference, δ is the chosen text's less the rejected one's: the sigmoid loss is −(1 − ε) log σ(β
 * δ) − ε log σ(−β δ) with smoothing ε, that of IPO (δ − 1 / 2β)², where the log probabilities are
 * means over a text's tokens. Where the logits would take too much memory, the model's head is
 * applied to some tokens at a time ({@link #with}).
 *
 * <ul>
 *   <li>labels: the tokens that are to come, (2B, T) int64, −100 where one does not count: B chosen
 *       texts, then the rejected ones; then the reference's log probabilities, (2B)
 *   <li>predictions: logits (2B, T, V)
 *   <li>result: a scalar, the mean over the pairs
 * </ul>
 */
final class PreferenceLoss extends Loss implements RowLoss.OfLabels {
    private final PreferenceSettings settings;

    PreferenceLoss(PreferenceSettings settings) {
        super("PreferenceLoss");
        this.settings = settings;
    }

    /** Returns how much more probable the texts are than by the reference, as logarithms: (2B). */
    static NDArray ratios(NDList labels, NDList predictions, boolean means) {
        NDArray logits = predictions.head(); // (2B, T, V)
        NDArray ids = labels.head(); // (2B, T)
        NDManager scope = logits.getManager();
        Shape shape = ids.getShape();
        NDArray ignored = scope.full(new Shape(), (float) NextTokenLoss.IGNORED, DataType.INT64);
        NDArray counted = ids.neq(ignored); // (2B, T)
        NDArray classes = ids.mul(counted.toType(DataType.INT64, false)); // class 0 where ignored
        NDArray weights = counted.toType(DataType.FLOAT32, false); // (2B, T)
        NDArray flat = logits.reshape(-1, logits.getShape().get(2)); // (2B·T, V)
        if (flat.getDataType() == DataType.FLOAT16) {
            flat = flat.mul(scope.ones(new Shape(1), DataType.FLOAT32)); // with its gradient
        }
        NDArray logs =
                flat.logSoftmax(1)
                        .gather(classes.reshape(-1, 1), 1) // (2B·T, 1)
                        .reshape(shape)
                        .mul(weights)
                        .sum(new int[] {1}); // (2B)
        NDArray ratios = logs.sub(labels.get(1));
        return means ? ratios.div(weights.sum(new int[] {1})) : ratios;
    }

    @Override
    public NDArray evaluate(NDList labels, NDList predictions) {
        boolean ipo = settings.loss() == PreferenceSettings.Kind.IPO;
        NDArray ratios = ratios(labels, predictions, ipo); // (2B)
        NDManager scope = ratios.getManager();
        long pairs = ratios.getShape().get(0) / 2;
        NDArray delta =
                ratios.get(new NDIndex(":{}", pairs)).sub(ratios.get(new NDIndex("{}:", pairs)));
        float beta = (float) settings.beta();
        if (ipo) {
            NDArray off = delta.sub(scalar(scope, 1 / (2 * beta)));
            return off.mul(off).sum().mul(scalar(scope, 1f / pairs));
        }
        NDArray scores = delta.mul(scalar(scope, beta)); // (B)
        // Of a score and 0 the log softmax is log σ(score) and log σ(−score).
        NDArray logs = NDArrays.stack(new NDList(scores, scores.zerosLike()), 1).logSoftmax(1);
        float smoothing = (float) settings.smoothing();
        NDArray weights = scope.create(new float[] {1 - smoothing, smoothing}).duplicate();
        return logs.mul(weights).sum().mul(scalar(scope, -1f / pairs));
    }

    @Override
    public RowLoss with(NDList labels) {
        float[] reference = labels.get(1).toFloatArray(); // (2B)
        return (logs, counts, slopes) -> {
            boolean ipo = settings.loss() == PreferenceSettings.Kind.IPO;
            int pairs = logs.length / 2;
            double sum = 0;
            for (int chosen = 0; chosen < pairs; chosen++) {
                int rejected = chosen + pairs;
                double ofChosen = ipo ? 1.0 / counts[chosen] : 1;
                double ofRejected = ipo ? 1.0 / counts[rejected] : 1;
                double delta =
                        ofChosen * (logs[chosen] - reference[chosen])
                                - ofRejected * (logs[rejected] - reference[rejected]);
                double slope = settings.slope(delta);
                sum += settings.value(delta);
                slopes[chosen] = ofChosen * slope;
                slopes[rejected] = -ofRejected * slope;
            }
            return sum;
        };
    }

    /** Returns an array: autograd would use a Java number after Java has freed it. */
    private static NDArray scalar(NDManager scope, float value) {
        return scope.full(new Shape(), value, DataType.FLOAT32);
    }
}
