package dev.ligature.internal.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.ops.GradientTape;
import dev.ligature.ops.ModelPass;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The loss of a language model from what its head is applied to. Tokens that do not count are left
 * out. The others go through head and loss in chunks, and in training back again, so that there are
 * logits of one chunk at a time; with logits that take one chunk, or none to leave out, the pass is
 * as without this class.
 *
 * <p>Chunks cut the graph: each reads a leaf of its own, and what they give back is the gradient of
 * the hidden states x. The pass then ends in Σ x g, which gives just that to what lies before.
 *
 * <p>For one pass.
 */
public final class HeadLoss {
    private static final long LOGIT_BYTES = Float.BYTES;

    private final Targets targets;
    private final long vocabulary;
    private final long items;
    private final long bytes;
    private final @Nullable GradientTape tape;
    private final @Nullable PartBackward backward;
    private @Nullable Result result;

    /** Goes forward and back through a part of a pass. */
    @FunctionalInterface
    public interface PartBackward {
        /**
         * Adds the gradients of a part's loss to the leaves that it read.
         *
         * @param scope the manager of what the part computes
         * @param loss computes the loss, recorded on a tape if there is one
         * @return the loss
         */
        NDArray apply(NDManager scope, Function<@Nullable GradientTape, NDArray> loss);
    }

    /**
     * What a pass ended in.
     *
     * @param loss the loss
     * @param root what to go back from; the loss itself, or what has the rest of its gradients
     */
    public record Result(NDArray loss, NDArray root) {}

    /**
     * Prepares a pass.
     *
     * @param targets the classes of the tokens
     * @param vocabulary the number of logits of a token
     * @param items what the sum of the losses is divided by
     * @param bytes what the logits of a chunk may take as fp32
     * @param tape records the pass, if one does
     * @param backward goes through the chunks; null where nothing is trained
     */
    public HeadLoss(
            Targets targets,
            long vocabulary,
            long items,
            long bytes,
            @Nullable GradientTape tape,
            @Nullable PartBackward backward) {
        this.targets = targets;
        this.vocabulary = vocabulary;
        this.items = items;
        this.bytes = bytes;
        this.tape = tape;
        this.backward = backward;
    }

    /** Returns what the pass ended in; null if it gave all logits. */
    public @Nullable Result result() {
        return result;
    }

    /** Applies the head; see {@link ModelPass#head}. */
    NDArray head(NDArray hidden, UnaryOperator<NDArray> head) {
        long most = Math.max(1, bytes / (LOGIT_BYTES * vocabulary));
        boolean all = targets.counted() == null;
        if ((all && targets.count() <= most) || !targets.fit(hidden, vocabulary)) {
            return head.apply(hidden); // also what is to be refused, by those who read the logits
        }
        Targets.Counted some = targets.ofCounted(hidden);
        Result found =
                targets.count() <= most
                        ? whole(some.x(), some.classes(), head)
                        : chunked(some.x(), some.classes(), most, head);
        result = found;
        return found.root();
    }

    private Result whole(NDArray x, NDArray classes, UnaryOperator<NDArray> head) {
        NDArray loss = loss(head.apply(x.expandDims(0)), classes, tape);
        return new Result(loss, loss);
    }

    private Result chunked(NDArray x, NDArray classes, long most, UnaryOperator<NDArray> head) {
        NDManager scope = classes.getManager();
        long tokens = targets.count();
        long chunks = (tokens + most - 1) / most;
        long size = (tokens + chunks - 1) / chunks;
        NDArray total = scope.zeros(new Shape());
        NDArray values = x.stopGradient(); // (n, d)
        values.attach(scope);
        NDList gradients = new NDList();
        for (long from = 0; from < tokens; from += size) {
            NDIndex rows = new NDIndex("{}:{}", from, Math.min(tokens, from + size));
            try (NDManager chunk = scope.newSubManager()) {
                NDArray part = values.get(chunk, rows).expandDims(0); // (1, m, d)
                NDArray of = classes.get(chunk, rows); // (m, 1)
                NDArray loss;
                if (backward == null) {
                    loss = loss(head.apply(part), of, null);
                } else {
                    part.setRequiresGradient(true);
                    loss = backward.apply(chunk, on -> loss(head.apply(part), of, on));
                    NDArray gradient = part.getGradient(); // (1, m, d)
                    gradient.attach(scope);
                    gradients.add(gradient);
                }
                NDArray value = loss.stopGradient();
                value.attach(chunk);
                total.addi(value);
            }
        }
        if (backward == null) {
            return new Result(total, total);
        }
        NDArray gradient = NDArrays.concat(gradients, 1).reshape(x.getShape()); // (n, d)
        return new Result(total, rest(x, gradient, scope));
    }

    /** Returns what gives x a gradient, and the graph before it its own. */
    static NDArray rest(NDArray x, NDArray gradient, NDManager scope) {
        // Where nothing before x is trained, the product has no gradient to give.
        NDArray leaf = scope.zeros(new Shape(), DataType.FLOAT32);
        leaf.setRequiresGradient(true);
        return x.mul(gradient).sum().add(leaf);
    }

    private NDArray loss(NDArray logits, NDArray classes, @Nullable GradientTape on) {
        Shape shape = classes.getShape().slice(0, 1);
        return new Targets(shape, classes, null, shape.get(0)).negativeMean(logits, items, on);
    }
}
