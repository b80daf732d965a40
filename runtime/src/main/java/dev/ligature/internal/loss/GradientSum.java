package dev.ligature.internal.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * The gradients of several batches as one: their mean, in which each batch counts by its items.
 *
 * <p>With gradients g of n items each, it is Σ n · g / Σ n, added in fp64 in the order in which the
 * batches come, and rounded once. So it does not depend on where a gradient was computed, and of a
 * single batch it is the batch's own, bit for bit: n · g is exact for fp32 below 2²⁹ items.
 */
public final class GradientSum implements AutoCloseable {
    private final NDManager scope;
    private final NDList sums = new NDList(); // fp64, of the parameters' shapes
    private long items;
    private double loss;

    /**
     * Creates an empty sum.
     *
     * @param parent the parent of the manager of its arrays
     */
    public GradientSum(NDManager parent) {
        this.scope = parent.newSubManager();
    }

    /**
     * Adds the gradients of a batch.
     *
     * @param gradients a gradient for each parameter, always in the same order; they stay the
     *     caller's
     * @param count the items of the batch
     * @param mean the mean loss of the items
     */
    public void add(NDList gradients, long count, double mean) {
        boolean first = sums.isEmpty();
        try (NDManager terms = scope.newSubManager()) {
            NDArray factor = terms.create((double) count); // ()
            for (int i = 0; i < gradients.size(); i++) {
                NDArray term = gradients.get(i).toType(DataType.FLOAT64, true);
                term.attach(terms);
                term.muli(factor);
                if (first) {
                    term.attach(scope);
                    sums.add(term);
                } else {
                    sums.get(i).addi(term);
                }
            }
        }
        addLoss(count, mean);
    }

    /** Adds a batch without its gradients, which are where they shall be. */
    public void addLoss(long count, double mean) {
        items += count;
        loss += count * mean;
    }

    /** Returns the number of all items. */
    public long items() {
        return items;
    }

    /** Returns the mean loss of all items. */
    public double loss() {
        return loss / items;
    }

    /**
     * Writes the mean of the gradients into others, in their data types; does nothing without
     * gradients.
     *
     * @param gradients a gradient for each parameter
     */
    public void writeTo(NDList gradients) {
        try (NDManager means = scope.newSubManager()) {
            NDArray divisor = means.create((double) items); // ()
            NDIndex all = new NDIndex(":");
            for (int i = 0; i < sums.size(); i++) {
                NDArray mean = sums.get(i).div(divisor);
                mean.attach(means);
                NDArray to = gradients.get(i);
                NDArray flat = to.reshape(new Shape(-1)); // a view: writes through
                flat.attach(means);
                NDArray cast = mean.toType(to.getDataType(), false).reshape(new Shape(-1));
                cast.attach(means);
                flat.set(all, cast);
            }
        }
    }

    @Override
    public void close() {
        scope.close();
    }
}
