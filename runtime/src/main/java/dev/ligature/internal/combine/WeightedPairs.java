package dev.ligature.internal.combine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.Combination;
import dev.ligature.Combination.Kind;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.adapter.ScalarPool;
import dev.ligature.internal.linalg.Qr;
import dev.ligature.internal.linalg.Svd;
import dev.ligature.plan.PairPlan;
import java.util.ArrayList;
import java.util.List;

/**
 * Computes the pair that stands for the pairs of several adapters at one weight. Its scaling is 1:
 * what the adapters' own is goes into the factors.
 */
final class WeightedPairs {
    /** The smaller side of an update from which its exact decomposition would take minutes. */
    private static final int EXACT = 1024;

    private static final int ITERATIONS = 16;

    private final Combination combination;
    private final TaskArithmetic arithmetic;

    WeightedPairs(Combination combination) {
        this.combination = combination;
        this.arithmetic = new TaskArithmetic(combination);
    }

    /** The pair of one adapter, and its weight. */
    record Term(FactorPair pair, double weight) {
        /** Returns w · s. */
        double scaled() {
            return weight * pair.plan().scaling();
        }
    }

    /**
     * Returns the new pair.
     *
     * @param plan what it is to be; its rank may be more than is needed
     * @param terms the pairs of the adapters that have one there; at least one
     * @param scalars those of the new adapter, whose manager is the owner of the result
     */
    FactorPair combine(PairPlan plan, List<Term> terms, ScalarPool scalars) {
        NDManager manager = scalars.manager();
        try (NDManager scope = manager.newSubManager()) {
            Product product = product(plan, terms, scope);
            NDArray a = padded(product.a(), plan.shapeOfA(), plan.dataType(), manager); // (r, in)
            NDArray b = padded(product.b(), plan.shapeOfB(), plan.dataType(), manager); // (out, r)
            return new FactorPair(plan, a, b, scalars);
        }
    }

    /**
     * Factors of any rank.
     *
     * @param a of shape (k, in)
     * @param b of shape (out, k)
     */
    private record Product(NDArray a, NDArray b) {}

    private Product product(PairPlan plan, List<Term> terms, NDManager scope) {
        if (combination.kind() == Kind.CAT) {
            return sideBySide(terms, scope);
        }
        if (!combination.isSvd()) {
            return factorByFactor(plan, terms, scope);
        }
        int rank = (int) Math.min(plan.rank(), Math.min(plan.in(), plan.out()));
        if (combination.kind() != Kind.LINEAR) {
            return cut(combinedUpdate(plan, terms, scope), rank, scope);
        }
        Product exact = sideBySide(terms, scope);
        long sum = exact.a().getShape().get(0);
        return sum <= Math.min(plan.in(), plan.out())
                ? cut(exact, rank, scope)
                : cut(exact.b().matMul(exact.a()), rank, scope);
    }

    /** Returns factors of exactly Σ w s B A. */
    private static Product sideBySide(List<Term> terms, NDManager scope) {
        NDList as = new NDList();
        NDList bs = new NDList();
        for (Term term : terms) {
            NDArray a = wide(term.pair().detached(scope).a(), scope);
            as.add(a.muli(scope.create(term.scaled()))); // (r, in)
            bs.add(wide(term.pair().detached(scope).b(), scope)); // (out, r)
        }
        return new Product(NDArrays.concat(as), NDArrays.concat(bs, 1));
    }

    /** Combines the factors A, and the factors B, each times √|w s|, as PEFT does. */
    private Product factorByFactor(PairPlan plan, List<Term> terms, NDManager scope) {
        List<double[]> as = new ArrayList<>();
        List<double[]> bs = new ArrayList<>();
        double[] roots = new double[terms.size()];
        double[] signed = new double[terms.size()];
        for (int i = 0; i < roots.length; i++) {
            Term term = terms.get(i);
            as.add(doubles(term.pair().detached(scope).a()));
            bs.add(doubles(term.pair().detached(scope).b()));
            roots[i] = Math.sqrt(Math.abs(term.scaled()));
            signed[i] = Math.copySign(roots[i], term.scaled());
        }
        // The sign goes to what PEFT calls A, which is B of an embedding.
        boolean signOfA = plan.hasLinearReader();
        double[] first = arithmetic.combine(signOfA ? as : bs, signed);
        double[] second = arithmetic.combine(signOfA ? bs : as, roots);
        return new Product(
                scope.create(signOfA ? first : second, plan.shapeOfA()),
                scope.create(signOfA ? second : first, plan.shapeOfB()));
    }

    /** Combines the updates s B A, once scaled, element by element. */
    private NDArray combinedUpdate(PairPlan plan, List<Term> terms, NDManager scope) {
        List<double[]> updates = new ArrayList<>();
        double[] weights = new double[terms.size()];
        for (int i = 0; i < weights.length; i++) {
            try (NDManager each = scope.newSubManager()) {
                updates.add(doubles(terms.get(i).pair().detached(each).delta(false, each)));
            }
            weights[i] = terms.get(i).weight();
        }
        double[] combined = arithmetic.combine(updates, weights);
        return scope.create(combined, new Shape(plan.out(), plan.in()));
    }

    /** Returns the nearest of a rank: B = U diag(s), A = Vᵀ. */
    private static Product cut(NDArray update, int rank, NDManager scope) {
        long smaller = Math.min(update.getShape().get(0), update.getShape().get(1));
        Svd svd =
                smaller <= EXACT
                        ? Svd.exact(update, rank, scope)
                        : Svd.approximate(
                                update,
                                scope.randomNormal(
                                        0,
                                        1,
                                        new Shape(update.getShape().get(1), rank),
                                        DataType.FLOAT64),
                                ITERATIONS,
                                scope);
        return new Product(svd.vt(), svd.u().mul(svd.s())); // (k, in), (out, k) x (k)
    }

    /** Returns the nearest of a rank, exactly, by way of the small matrix between two bases. */
    private static Product cut(Product product, int rank, NDManager scope) {
        int k = (int) product.a().getShape().get(0);
        Qr left = Qr.first(product.b(), k, scope); // (out, k), (k, k)
        Qr right = Qr.first(product.a().transpose(), k, scope); // (in, k), (k, k)
        Svd core = Svd.exact(left.r().matMul(right.r().transpose()), Math.min(rank, k), scope);
        return new Product(
                core.vt().matMul(right.q().transpose()), // (rank, k) x (k, in)
                left.q().matMul(core.u().mul(core.s()))); // (out, k) x (k, rank)
    }

    /** Returns a copy in memory of the engine, with zeros for what is missing of the shape. */
    private static NDArray padded(NDArray from, Shape shape, DataType type, NDManager manager) {
        NDArray to = manager.zeros(shape, type);
        try (NDArray part =
                to.get(
                        new NDIndex()
                                .addSliceDim(0, from.getShape().get(0))
                                .addSliceDim(0, from.getShape().get(1)))) {
            part.addi(from); // in place, and rounded to the type on the left
        }
        return to;
    }

    private static NDArray wide(NDArray array, NDManager scope) {
        return scope.create(doubles(array), array.getShape());
    }

    private static double[] doubles(NDArray array) {
        if (array.getDataType() == DataType.FLOAT64) {
            return array.toDoubleArray();
        }
        float[] narrow = array.toFloatArray();
        double[] values = new double[narrow.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = narrow[i];
        }
        return values;
    }
}
