package dev.ligature.internal.adapter;

import static dev.ligature.internal.adapter.AdapterArray.attached;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import dev.ligature.block.Cast;
import org.jspecify.annotations.Nullable;

/**
 * The arrays of one factor pair and what each kind of reader computes with them.
 *
 * <p>The scaling is an array because DJL's multiplication by a {@code Number} leaves autograd with
 * the address of a freed buffer.
 *
 * @param a the factor A, (r, in)
 * @param b the factor B, (out, r); of a grouped convolution (out, r / groups)
 * @param bias the bias of B, (out), if it has one
 * @param magnitude the trained lengths of DoRA, (out) or for an embedding (in), if there are any
 * @param start what the factors started with, to be added with its own scaling, −s, if they count
 *     from there
 */
public record FactorArrays(
        NDArray a,
        NDArray b,
        NDArray scaling,
        @Nullable NDArray bias,
        @Nullable NDArray magnitude,
        @Nullable FactorArrays start) {

    /** Takes the arrays of a plain pair. */
    FactorArrays(NDArray a, NDArray b, NDArray scaling) {
        this(a, b, scaling, null, null, null);
    }

    /**
     * Returns the same factors at another scaling, what they started with included.
     *
     * @param owner the manager of the new scaling
     */
    public FactorArrays scaledBy(double factor, NDManager owner) {
        if (factor == 1) {
            return this;
        }
        NDArray by = AdapterArray.scalar(factor, scaling.getDataType(), owner);
        NDArray product = attached(scaling.mul(by), owner);
        FactorArrays from = start == null ? null : start.scaledBy(factor, owner);
        return new FactorArrays(a, b, product, bias, magnitude, from);
    }

    /** Returns an input in the factors' data type, in training with elements dropped. */
    public NDArray dropped(NDArray x, double dropout, boolean training) {
        NDArray in = Cast.to(x, a.getDataType()); // with its graph, which toType would leave
        return training && dropout > 0
                ? Dropout.dropout(in, (float) dropout, true).singletonOrThrow()
                : in;
    }

    /**
     * Returns s · ((x Aᵀ) Bᵀ + bias).
     *
     * @param x the input in the factors' data type, (…, in)
     */
    public NDArray linearTerm(NDArray x, boolean training) {
        NDArray low = Linear.linear(x, a).singletonOrThrow(); // (…, in) x (in, r) -> (…, r)
        if (bias == null) {
            NDArray scaled = scaled(low, training); // (…, r)
            NDArray term = training ? trainedProduct(scaled) : product(scaled); // (…, out)
            new NDList(low, scaled).close();
            return term;
        }
        NDArray high = Linear.linear(low, b, bias).singletonOrThrow(); // (…, r) -> (…, out)
        low.close();
        return scaled(high, training);
    }

    private NDArray product(NDArray low) {
        return Linear.linear(low, b).singletonOrThrow(); // (…, r) x (r, out) -> (…, out)
    }

    /**
     * Returns the product with Bᵀ laid out row by row. Its gradients are products of the same
     * numbers as those of a linear layer, in an order that takes a third of the time where r is
     * small.
     */
    private NDArray trainedProduct(NDArray low) {
        Shape shape = b.getShape();
        NDArray columns = b.transpose(); // (r, out), a view
        NDArray flat = columns.reshape(-1); // (r · out), a copy in this order, with its graph
        NDArray rows = flat.reshape(shape.get(1), shape.get(0)); // (r, out)
        NDArray term = low.matMul(rows); // (…, r) x (r, out) -> (…, out)
        new NDList(columns, flat, rows).close(); // they belong to B's manager, which lives on
        return term;
    }

    /**
     * Returns s · B[ids] A.
     *
     * @param ids the token ids, (…)
     */
    public NDArray embeddingTerm(NDArray ids, boolean training) {
        NDArray low = Embedding.embedding(ids, b, SparseFormat.DENSE).singletonOrThrow(); // (…, r)
        NDArray scaled = scaled(low, training); // (…, r)
        NDArray term = scaled.matMul(a); // (…, r) x (r, in) -> (…, in)
        new NDList(low, scaled).close();
        return term;
    }

    /**
     * Returns ΔW = s · B A, less what the factors started with, in the factors' data type.
     *
     * @param transposed whether to return (in, out), and not (out, in)
     * @param owner the manager that the result belongs to
     */
    public NDArray delta(boolean transposed, NDManager owner) {
        NDArray low = attached(b.mul(scaling), owner); // (out, r)
        NDArray delta =
                transposed
                        // A product of views, so that the result lies row by row as the weight
                        // does.
                        ? attached(a.transpose(), owner).matMul(attached(low.transpose(), owner))
                        : low.matMul(a); // (out, r) x (r, in) -> (out, in)
        delta.attach(owner);
        return start == null ? delta : attached(delta.add(start.delta(transposed, owner)), owner);
    }

    /** Returns low · s, in place when serving. */
    public NDArray scaled(NDArray low, boolean training) {
        return training ? low.mul(scaling) : low.muli(scaling);
    }

    /** Returns y + term in y's data type, when serving in place; the term is closed. */
    public static NDArray add(NDArray y, NDArray term, boolean training) {
        NDArray cast = Cast.to(term, y.getDataType());
        NDArray sum = training ? y.add(cast) : y.addi(cast);
        new NDList(term, cast).close();
        return sum;
    }
}
