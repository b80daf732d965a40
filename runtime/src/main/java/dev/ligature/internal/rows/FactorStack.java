package dev.ligature.internal.rows;

import static dev.ligature.internal.adapter.AdapterArray.attached;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import dev.ligature.block.Cast;
import dev.ligature.internal.adapter.AdapterArray;
import dev.ligature.internal.adapter.FactorArrays;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.effect.Finite;
import dev.ligature.plan.PairPlan;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The factors of the adapters of a batch at one weight, put together so that a term for every row
 * takes two products, however many adapters there are. For serving.
 *
 * <p>They are the same for all batches of these adapters. Side by side, a {@link RowGroups.Mask}
 * says what is whose; one after the other, {@link StackRows} does.
 *
 * <p>No row may depend on the values of other rows' adapters. The mask multiplies by 0, which
 * selects only among finite products, so that pairs whose products may be others are kept apart.
 *
 * @param a side by side: (R, in), R the sum of the ranks; of n adapters one after the other: (n, r
 *     · in), r the largest rank
 * @param b side by side: (out, R); one after the other: (n, out · r), times each one's scaling
 * @param apart the pairs in whose place side by side are zeros: their terms are added adapter by
 *     adapter
 */
record FactorStack(NDArray a, NDArray b, Set<FactorPair> apart) {
    /**
     * The largest value of an A that is put side by side with others. Trained ones are thousands of
     * times smaller. The product with an input overflows from 1e30 on, where the row's own adapter
     * and the base are about to overflow as well.
     */
    private static final float LARGEST = 1e4f;

    /** Puts the factors of some pairs side by side. */
    static FactorStack sideBySide(List<@Nullable FactorPair> pairs, NDManager manager) {
        FactorStack all = sideBySide(pairs, Set.of(), manager);
        if (all.isTame()) {
            return all;
        }
        new NDList(all.a, all.b).close();
        Set<FactorPair> apart = new HashSet<>(); // by identity
        for (FactorPair pair : pairs) {
            FactorStack alone = sideBySide(Collections.singletonList(pair), Set.of(), manager);
            if (!alone.isTame()) {
                apart.add(Objects.requireNonNull(pair));
            }
            new NDList(alone.a, alone.b).close();
        }
        return sideBySide(pairs, apart, manager);
    }

    private boolean isTame() {
        return Finite.isWithin(a, LARGEST) && Finite.isAll(b);
    }

    private static FactorStack sideBySide(
            List<@Nullable FactorPair> pairs, Set<FactorPair> apart, NDManager manager) {
        NDList as = new NDList();
        NDList bs = new NDList();
        try (NDManager scope = manager.newSubManager()) {
            for (FactorPair pair : pairs) {
                FactorArrays factors = Objects.requireNonNull(pair).detached(scope);
                boolean zeros = apart.contains(pair);
                as.add(zeros ? attached(factors.a().zerosLike(), scope) : factors.a()); // (r, in)
                bs.add(zeros ? attached(factors.b().zerosLike(), scope) : factors.b()); // (out, r)
            }
            return new FactorStack(
                    attached(NDArrays.concat(as), manager), // (R, in)
                    attached(NDArrays.concat(bs, 1), manager), // (out, R)
                    apart);
        }
    }

    /**
     * Puts the factors of some adapters one after the other, those of smaller ranks padded with
     * zeros.
     *
     * @param pairs that of each adapter; null where there is none
     */
    static FactorStack inTurn(List<@Nullable FactorPair> pairs, NDManager manager) {
        PairPlan any = pairs.stream().filter(Objects::nonNull).findAny().orElseThrow().plan();
        int rank = pairs.stream().mapToInt(p -> p == null ? 0 : p.plan().rank()).max().orElse(0);
        int count = pairs.size();
        double[] scaling = new double[count];
        NDList as = new NDList();
        NDList bs = new NDList();
        try (NDManager scope = manager.newSubManager()) {
            for (int item = 0; item < count; item++) {
                FactorPair pair = pairs.get(item);
                NDList factors = padded(pair, rank, any, scope);
                as.add(factors.get(0));
                bs.add(factors.get(1));
                scaling[item] = pair == null ? 0 : pair.plan().scaling();
            }
            NDArray a = attached(NDArrays.stack(as), scope); // (n, r, in)
            NDArray b = attached(NDArrays.stack(bs), scope); // (n, out, r)
            b.muli(AdapterArray.create(scaling, new Shape(count, 1, 1), any.dataType(), scope));
            return new FactorStack(
                    attached(a.reshape(count, -1), manager), // (n, r · in)
                    attached(b.reshape(count, -1), manager), // (n, out · r)
                    Set.of());
        }
    }

    /** Returns A and B of a rank that may be larger than the pair's; zeros for no pair. */
    private static NDList padded(
            @Nullable FactorPair pair, int rank, PairPlan plan, NDManager scope) {
        if (pair != null && pair.plan().rank() == rank) {
            return new NDList(pair.detached(scope).a(), pair.detached(scope).b());
        }
        NDArray a = scope.zeros(new Shape(rank, plan.in()), plan.dataType());
        NDArray b = scope.zeros(new Shape(plan.out(), rank), plan.dataType());
        if (pair != null) {
            int own = pair.plan().rank();
            a.set(new NDIndex().addSliceDim(0, own), pair.detached(scope).a());
            b.set(new NDIndex().addAllDim().addSliceDim(0, own), pair.detached(scope).b());
        }
        return new NDList(a, b);
    }

    /**
     * Adds each row's term to the output of a linear, in place; of factors side by side.
     *
     * @param x the layer's input, (B, …, in)
     * @param y the base's output, (B, …, out)
     * @param mask of the factors, (B, 1, R)
     */
    void addMasked(NDArray x, NDArray y, NDArray mask) {
        NDArray in = Cast.to(x, a.getDataType());
        NDArray flat = flat(in); // (B, N, in)
        NDArray low = masked(Linear.linear(flat, a).singletonOrThrow(), mask); // (B, N, R)
        add(y, Linear.linear(low, b).singletonOrThrow()); // (B, N, R) x (R, out) -> (B, N, out)
        close(x, in, flat, low);
    }

    /**
     * Adds each row's term to the output of a linear, in place; of factors one after the other.
     *
     * @param x the layer's input, (B, …, in)
     * @param y the base's output, (B, …, out)
     */
    void addInTurn(NDArray x, NDArray y, StackRows rows) {
        NDArray in = Cast.to(x, a.getDataType());
        NDArray flat = flat(in); // (B, N, in)
        long columns = flat.getShape().get(2);
        long outputs = y.getShape().getLastDimension();
        if (rows.isInOrder()) {
            add(y, product(flat, a, b));
        } else if (rows.isCheaperByPlace(
                flat.getShape().get(1), a.getShape().get(1) / columns, columns, outputs)) {
            addByPlace(flat, y, rows);
        } else {
            NDArray own = picked(rows.items(), a); // (B, r · in)
            NDArray ownB = picked(rows.items(), b); // (B, out · r)
            add(y, product(flat, own, ownB));
            new NDList(own, ownB).close();
        }
        flat.close();
        if (in != x) {
            in.close();
        }
    }

    private void addByPlace(NDArray flat, NDArray y, StackRows rows) {
        Shape shape = flat.getShape(); // (B, N, in)
        NDArray table = flat.reshape(shape.get(0), -1);
        NDArray placed = picked(rows.rows(), table); // (n · c, N · in)
        NDArray byItem = placed.reshape(a.getShape().get(0), -1, shape.get(2)); // (n, c · N, in)
        NDArray term = product(byItem, a, b); // (n, c · N, out)
        NDArray terms = term.reshape(placed.getShape().get(0), -1); // (n · c, N · out)
        add(y, picked(rows.places(), terms)); // (B, N · out)
        new NDList(table, placed, byItem, term, terms).close();
    }

    /**
     * Returns the products of rows with factors one by one.
     *
     * @param x (n, N, in)
     * @param a (n, r · in)
     * @param b (n, out · r)
     * @return (n, N, out)
     */
    private static NDArray product(NDArray x, NDArray a, NDArray b) {
        long count = x.getShape().get(0);
        long in = x.getShape().get(2);
        NDArray apart = a.reshape(count, -1, in); // (n, r, in)
        NDArray columns = apart.swapAxes(1, 2);
        NDArray low = x.matMul(columns); // (n, N, in) x (n, in, r) -> (n, N, r)
        NDArray apartB = b.reshape(count, -1, apart.getShape().get(1)); // (n, out, r)
        NDArray columnsB = apartB.swapAxes(1, 2);
        NDArray high = low.matMul(columnsB); // (n, N, r) x (n, r, out) -> (n, N, out)
        new NDList(apart, columns, low, apartB, columnsB).close();
        return high;
    }

    /** Returns some rows of a table, (k) of (n, m) as (k, m). */
    private static NDArray picked(NDArray rows, NDArray table) {
        return Embedding.embedding(rows, table, SparseFormat.DENSE).singletonOrThrow();
    }

    /**
     * Adds each row's term to the output of an embedding, in place; of factors side by side.
     *
     * @param ids the token ids, (B, …)
     * @param y the base's output, (B, …, in)
     * @param mask of the factors, (B, 1, R)
     */
    void addMaskedEmbedding(NDArray ids, NDArray y, NDArray mask) {
        long rows = ids.getShape().get(0);
        NDArray flat = ids.reshape(rows, ids.size() / rows); // (B, N)
        NDArray found = Embedding.embedding(flat, b, SparseFormat.DENSE).singletonOrThrow();
        NDArray low = masked(found, mask); // (B, N, R)
        add(y, low.matMul(a)); // (B, N, R) x (R, in) -> (B, N, in)
        new NDList(low, flat).close();
    }

    /** Leaves each row the columns of its own adapter, times the scaling; in place. */
    private static NDArray masked(NDArray low, NDArray mask) {
        return low.muli(mask); // (B, N, R) · (B, 1, R)
    }

    private static NDArray flat(NDArray in) {
        long rows = in.getShape().get(0);
        long columns = in.getShape().get(in.getShape().dimension() - 1);
        return in.reshape(rows, in.size() / (rows * columns), columns); // (B, …, in) -> (B, N, in)
    }

    private static void close(NDArray x, NDArray in, NDArray flat, NDArray low) {
        new NDList(low, flat).close();
        if (in != x) {
            in.close();
        }
    }

    private static void add(NDArray y, NDArray term) {
        NDArray cast = Cast.to(term, y.getDataType());
        NDArray shaped = cast.reshape(y.getShape());
        y.addi(shaped);
        new NDList(term, cast, shaped).close();
    }
}
