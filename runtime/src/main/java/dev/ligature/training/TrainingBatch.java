package dev.ligature.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import dev.ligature.internal.loss.Targets;
import java.util.Objects;

/**
 * A batch for any block and any loss. {@link TokenBatch} is that of a language model.
 *
 * <pre>{@code
 * loop.step(TrainingBatch.classes(new NDList(x), labels));
 * loop.step(TrainingBatch.of(new NDList(x), new NDList(y), new MyLoss()));
 * }</pre>
 *
 * <p>The arrays stay the caller's. The loss gets copies of the labels, and the block copies of the
 * inputs.
 *
 * @param inputs what the block is given
 * @param labels what the loss is given beside the block's outputs; may be empty
 * @param loss returns one number, the mean over the items. A loss of your own multiplies by arrays
 *     and not by Java numbers: DJL frees the memory of such a number before the backward pass reads
 *     it. DJL's {@code L1Loss} and {@code L2Loss} do that; its {@code SoftmaxCrossEntropyLoss} does
 *     not
 * @param count the number of items. Where a step has several batches, each counts by its items; one
 *     without items is passed over
 */
public record TrainingBatch(NDList inputs, NDList labels, Loss loss, long count) {
    /** Checks that all is there. */
    public TrainingBatch {
        Objects.requireNonNull(labels, "labels");
        Objects.requireNonNull(loss, "loss");
        if (Objects.requireNonNull(inputs, "inputs").isEmpty() || count < 0) {
            throw TrainingMessage.EMPTY_BATCH.error(inputs.size(), count);
        }
    }

    /**
     * Returns a batch whose items are the rows of the first input.
     *
     * @param inputs what the block is given; the first is (B, …)
     * @param labels what the loss is given beside the block's outputs
     * @param loss the loss, a mean over the rows
     */
    public static TrainingBatch of(NDList inputs, NDList labels, Loss loss) {
        boolean rows = !inputs.isEmpty() && inputs.head().getShape().dimension() > 0;
        return new TrainingBatch(inputs, labels, loss, rows ? inputs.head().getShape().get(0) : 0);
    }

    /**
     * Returns a batch for a classifier of rows or of tokens: the mean cross entropy over the labels
     * that count.
     *
     * @param inputs what the block is given
     * @param labels the classes, (B) or (B, T) int64, {@link NextTokenLoss#IGNORED} where one does
     *     not count; the block's first output is (B, C) or (B, T, C)
     * @throws dev.ligature.LoraException if the labels are not whole numbers; in a step, if their
     *     shape or one of them does not fit the output ({@code TrainLabels})
     */
    public static TrainingBatch classes(NDList inputs, NDArray labels) {
        Objects.requireNonNull(labels, "labels");
        return new TrainingBatch(
                inputs, new NDList(labels), new ClassLoss(), Targets.countOf(labels));
    }

    /**
     * Returns whether the loss is that of {@link #classes}, of which models need not all logits.
     */
    public boolean predictsClasses() {
        return loss instanceof ClassLoss;
    }

    /** The mean cross entropy over the labels that count. */
    static final class ClassLoss extends Loss {
        ClassLoss() {
            super("ClassLoss");
        }

        @Override
        public NDArray evaluate(NDList labels, NDList predictions) {
            NDArray logits = predictions.head(); // (…, C)
            Targets targets = Targets.same(labels.head(), logits);
            return targets.negativeMean(logits, targets.count(), null);
        }
    }
}
