package dev.ligature.internal.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import dev.ligature.LoraException;
import dev.ligature.ops.GradientTape;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * The classes that N logits are to predict.
 *
 * @param shape the axes that the logits have before their last
 * @param classes the classes, (N, 1) int64, any class where one does not count
 * @param counted 1 where one counts and 0 where not, or what else its loss is multiplied by, (N, 1)
 *     float32; null where all count once
 * @param count how many count
 */
public record Targets(Shape shape, NDArray classes, @Nullable NDArray counted, long count) {
    /** {@code NextTokenLoss.IGNORED}. */
    public static final long IGNORED = -100;

    /**
     * Takes every label but the first of each row.
     *
     * @param labels (B, T) int64
     * @param mayIgnore whether labels may be {@link #IGNORED}; looking costs a wait for the device
     * @param scope the manager of the results
     */
    public static Targets next(NDArray labels, boolean mayIgnore, NDManager scope) {
        NDArray later = labels.get(scope, new NDIndex(":, 1:"));
        return of(later.getShape(), rows(later, scope), mayIgnore, scope);
    }

    /**
     * Takes every label, for logits of the same shape and an axis more.
     *
     * @throws LoraException if the shapes do not fit, or a label is not one of the classes
     */
    public static Targets same(NDArray labels, NDArray logits) {
        Shape shape = logits.getShape();
        int last = shape.dimension() - 1;
        if (last < 0 || !labels.getShape().equals(shape.slice(0, last))) {
            throw LossMessage.LABELS_OF_LOGITS.error(
                    labels.getShape(), shape, last < 0 ? "none" : shape.slice(0, last));
        }
        NDManager scope = logits.getManager();
        NDArray classes = rows(labels, scope);
        for (long label : classes.toLongArray()) {
            if (label != IGNORED && (label < 0 || label >= shape.get(last))) {
                throw LossMessage.LABEL_RANGE.error(label, shape, shape.get(last) - 1);
            }
        }
        return of(labels.getShape(), classes, true, scope);
    }

    /**
     * Takes every label, for logits that are not there yet.
     *
     * @param scope the manager of the results
     */
    public static Targets of(NDArray labels, NDManager scope) {
        return of(labels.getShape(), rows(labels, scope), true, scope);
    }

    private static NDArray rows(NDArray labels, NDManager scope) {
        return copy(labels.reshape(-1, 1), scope); // (N, 1)
    }

    private static Targets of(Shape shape, NDArray classes, boolean mayIgnore, NDManager scope) {
        if (!mayIgnore) {
            return new Targets(shape, classes, null, classes.size());
        }
        NDArray ignored = scope.full(new Shape(), (float) IGNORED, DataType.INT64);
        NDArray counted = classes.neq(ignored); // (N, 1)
        long count = counted.toType(DataType.INT64, false).sum().getLong();
        if (count == classes.size()) {
            return new Targets(shape, classes, null, count);
        }
        NDArray some = classes.mul(counted.toType(DataType.INT64, false)); // class 0 where ignored
        return new Targets(shape, some, counted.toType(DataType.FLOAT32, false), count);
    }

    /** Returns how many labels count. */
    public static long countOf(NDArray labels) {
        DataType type = labels.getDataType();
        if (type != DataType.INT64 && type != DataType.INT32) {
            throw LossMessage.LABEL_TYPE.error(type, labels.getShape());
        }
        try (NDArray classes = labels.toType(DataType.INT64, true)) {
            return LongStream.of(classes.toLongArray()).filter(one -> one != IGNORED).count();
        }
    }

    /** Returns whether they fit hidden states (…, d), and are of so many classes; waits. */
    boolean fit(NDArray hidden, long size) {
        Shape all = hidden.getShape();
        int last = all.dimension() - 1;
        return last >= 1
                && shape.equals(all.slice(0, last))
                && LongStream.of(classes.toLongArray()).allMatch(one -> one >= 0 && one < size);
    }

    /**
     * What counts of a batch.
     *
     * @param x the hidden states, (n, d)
     * @param classes the classes, (n, 1)
     */
    record Counted(NDArray x, NDArray classes) {}

    /**
     * Returns what counts, attached to the manager of the classes.
     *
     * @param hidden (…, d), N of them
     */
    Counted ofCounted(NDArray hidden) {
        NDManager scope = classes.getManager();
        Shape all = hidden.getShape();
        NDArray x = hidden.reshape(-1, all.get(all.dimension() - 1)); // (N, d)
        NDArray some = classes; // (N, 1)
        if (counted != null) {
            NDArray places = places(scope); // (n)
            x = Embedding.embedding(places, x, SparseFormat.DENSE).singletonOrThrow(); // (n, d)
            some = classes.get(places); // (n, 1)
        }
        x.attach(scope);
        return new Counted(x, some);
    }

    /** Returns the number of the row of each that counts: its place on the first axis. */
    int[] rows() {
        float[] weights = counted == null ? new float[0] : counted.toFloatArray();
        int all = Math.toIntExact(classes.size());
        int width = all / Math.toIntExact(shape.get(0));
        return IntStream.range(0, all)
                .filter(i -> counted == null || weights[i] > 0)
                .map(i -> i / width)
                .toArray();
    }

    /**
     * Returns the places of those that count, (n) int64.
     *
     * @param owner the manager of the result
     */
    private NDArray places(NDManager owner) {
        float[] weights = counted == null ? new float[0] : counted.toFloatArray();
        long[] places =
                IntStream.range(0, weights.length)
                        .filter(i -> weights[i] > 0)
                        .asLongStream()
                        .toArray();
        try (NDArray buffered = owner.create(places)) {
            return buffered.duplicate(); // autograd keeps it, and Java frees the buffer
        }
    }

    /**
     * Returns the sum of the cross entropies divided by a number of items, which need not be those
     * of this batch: ().
     *
     * @param logits (…, C), N of them
     * @param tape records the pass that the logits are from, if one does
     */
    public NDArray negativeMean(NDArray logits, long items, @Nullable GradientTape tape) {
        if (tape != null) {
            NDArray loss = tape.crossEntropy(logits, classes, counted, items);
            if (loss != null) {
                return loss;
            }
        }
        Shape all = logits.getShape();
        NDArray flat = logits.reshape(-1, all.get(all.dimension() - 1)); // (N, C)
        if (flat.getDataType() == DataType.FLOAT16) {
            // Not toType, which leaves the graph: the product with fp32 is fp32, and has a
            // gradient.
            flat = flat.mul(flat.getManager().ones(new Shape(1), DataType.FLOAT32));
        }
        NDArray picked = flat.logSoftmax(1).gather(classes, 1); // (N, C) -> (N, 1)
        if (counted != null) {
            picked = picked.mul(counted); // (N, 1)
        }
        // Not sum().div(-items): that number would live in a buffer which Java frees before
        // backward.
        return picked.sum()
                .mul(picked.getManager().full(new Shape(), -1f / items, DataType.FLOAT32));
    }

    /**
     * Returns a copy of ids as int64, on the scope's device. Autograd keeps ids until backward, and
     * the caller's may lie in a buffer that it frees; {@code toType(type, true)} copies only where
     * the type changes.
     */
    public static NDArray copy(NDArray ids, NDManager scope) {
        return ids.toType(DataType.INT64, false).toDevice(scope.getDevice(), false).duplicate();
    }
}
