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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The loss of a language model from what its head is applied to. Tokens that do not count are left
 * out. The others go through head and loss in chunks, and in training back again, so that there are
 * logits of one chunk at a time; with logits that take one chunk, or none to leave out, the pass is
 * as without this class. A {@link RowLoss} has its chunks too, for which they are scored first.
 *
 * <p>Chunks cut the graph: each reads a leaf of its own, and what they give back is the gradient of
 * the hidden states x. The pass then ends in Σ x g, which gives just that to what lies before.
 *
 * <p>For one pass.
 */
public final class HeadLoss {
    private static final long LOGIT_BYTES = Float.BYTES;

    private final Wanted wanted;
    private final Targets targets;
    private final long vocabulary;
    private final long items;
    private final long bytes;
    private final @Nullable GradientTape tape;
    private final @Nullable PartPasses parts;
    private @Nullable Result result;

    /**
     * What is wanted of a head.
     *
     * @param targets the classes of the tokens
     * @param rows the loss, from the probabilities of rows; null for the sum of the cross entropies
     */
    public record Wanted(Targets targets, @Nullable RowLoss rows) {}

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
     * @param wanted the loss
     * @param vocabulary the number of logits of a token
     * @param items what the sum of the losses is divided by
     * @param bytes what the logits of a chunk may take as fp32
     * @param tape records the pass, if one does
     * @param parts goes through the chunks; null where nothing is trained
     */
    public HeadLoss(
            Wanted wanted,
            long vocabulary,
            long items,
            long bytes,
            @Nullable GradientTape tape,
            @Nullable PartPasses parts) {
        this.wanted = wanted;
        this.targets = wanted.targets();
        this.vocabulary = vocabulary;
        this.items = items;
        this.bytes = bytes;
        this.tape = tape;
        this.parts = parts;
    }

    /** Returns what the pass ended in; null if it gave all logits. */
    public @Nullable Result result() {
        return result;
    }

    /** Applies the head; see {@link ModelPass#head}. */
    NDArray head(NDArray hidden, UnaryOperator<NDArray> head) {
        long most = Math.max(1, bytes / (LOGIT_BYTES * vocabulary));
        RowLoss rows = wanted.rows();
        boolean all = rows != null || targets.counted() == null;
        long logits = rows == null ? targets.count() : targets.classes().size();
        if ((all && logits <= most) || !targets.fit(hidden, vocabulary)) {
            return head.apply(hidden); // also what is to be refused, by those who read the logits
        }
        Targets.Counted some = targets.ofCounted(hidden);
        Result found =
                rows != null
                        ? ofRows(some, rows, most, head)
                        : targets.count() <= most
                                ? whole(some.x(), some.classes(), head)
                                : chunked(some, null, most, head);
        result = found;
        return found.root();
    }

    private Result whole(NDArray x, NDArray classes, UnaryOperator<NDArray> head) {
        NDArray loss = loss(head.apply(x.expandDims(0)), classes, null, tape);
        return new Result(loss, loss);
    }

    /**
     * Goes through the chunks twice: for the probabilities, and then, with the slopes of the loss
     * as weights of the tokens, for the gradients.
     */
    private Result ofRows(
            Targets.Counted some, RowLoss rows, long most, UnaryOperator<NDArray> head) {
        NDManager scope = some.classes().getManager();
        HeadScores scores = new HeadScores(targets, vocabulary, bytes);
        NDArray values = some.x().stopGradient(); // (n, d)
        values.attach(scope);
        int seed = parts == null ? 0 : drawn(scope);
        UnaryOperator<NDArray> scored = parts == null ? head : seeded(head, seed, scope);
        scores.score(
                new Targets.Counted(values, some.classes()),
                Math.toIntExact(chunkSize(most)),
                (chunk, x) -> parts == null ? scored.apply(x) : parts.forward(chunk, scored, x));
        int[] row = targets.rows();
        double[] logs = new double[Math.toIntExact(targets.shape().get(0))];
        long[] counts = new long[logs.length];
        for (int i = 0; i < row.length; i++) {
            logs[row[i]] += scores.logs()[i];
            counts[row[i]]++;
        }
        double[] slopes = new double[logs.length];
        float loss = (float) (rows.of(logs, counts, slopes) / items);
        NDArray value = scope.full(new Shape(), loss, DataType.FLOAT32);
        if (parts == null) {
            return new Result(value, value);
        }
        float[] weights = new float[row.length]; // of −log p
        for (int i = 0; i < row.length; i++) {
            weights[i] = (float) -slopes[row[i]];
        }
        try (NDArray buffered = scope.create(weights, some.classes().getShape())) {
            NDArray kept = buffered.duplicate(); // autograd keeps it, and Java frees the buffer
            return new Result(value, chunked(some, kept, most, seeded(head, seed, scope)).root());
        }
    }

    private static int drawn(NDManager scope) {
        try (NDArray drawn =
                scope.randomInteger(0, Integer.MAX_VALUE, new Shape(1), DataType.INT64)) {
            return Math.toIntExact(drawn.getLong());
        }
    }

    /** Has each chunk drop out the same whenever it is computed. */
    private static UnaryOperator<NDArray> seeded(
            UnaryOperator<NDArray> head, int seed, NDManager scope) {
        AtomicInteger next = new AtomicInteger(seed);
        return x -> {
            scope.getEngine().setRandomSeed(next.getAndIncrement());
            return head.apply(x);
        };
    }

    /** Returns how many tokens a chunk has, if all have as many and none more than fit. */
    private long chunkSize(long most) {
        long tokens = targets.count();
        long chunks = (tokens + most - 1) / most;
        return chunks == 0 ? 1 : (tokens + chunks - 1) / chunks;
    }

    private Result chunked(
            Targets.Counted some,
            @Nullable NDArray weights,
            long most,
            UnaryOperator<NDArray> head) {
        NDArray x = some.x();
        NDArray classes = some.classes();
        NDManager scope = classes.getManager();
        long tokens = targets.count();
        long size = chunkSize(most);
        NDArray total = scope.zeros(new Shape());
        NDArray values = x.stopGradient(); // (n, d)
        values.attach(scope);
        NDList gradients = new NDList();
        for (long from = 0; from < tokens; from += size) {
            NDIndex rows = new NDIndex("{}:{}", from, Math.min(tokens, from + size));
            try (NDManager chunk = scope.newSubManager()) {
                NDArray part = values.get(chunk, rows).expandDims(0); // (1, m, d)
                NDArray of = classes.get(chunk, rows); // (m, 1)
                NDArray weight = weights == null ? null : weights.get(chunk, rows); // (m, 1)
                NDArray loss;
                if (parts == null) {
                    loss = loss(head.apply(part), of, weight, null);
                } else {
                    part.setRequiresGradient(true);
                    loss = parts.apply(chunk, on -> loss(head.apply(part), of, weight, on));
                    NDArray gradient = part.getGradient(); // (1, m, d)
                    gradient.attach(scope);
                    gradients.add(gradient);
                }
                NDArray value = loss.stopGradient();
                value.attach(chunk);
                total.addi(value);
            }
        }
        if (parts == null) {
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

    private NDArray loss(
            NDArray logits, NDArray classes, @Nullable NDArray weights, @Nullable GradientTape on) {
        Shape shape = classes.getShape().slice(0, 1);
        return new Targets(shape, classes, weights, shape.get(0)).negativeMean(logits, items, on);
    }
}
