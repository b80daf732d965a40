package dev.ligature;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import dev.ligature.block.Cast;

/**
 * The arrays of one factor pair and what each kind of reader computes with them.
 *
 * <p>The scaling is an array because DJL's multiplication by a {@code Number} leaves autograd with
 * the address of a freed buffer.
 *
 * @param a the factor A, (r, in)
 * @param b the factor B, (out, r)
 * @param scaling s, a scalar of the factors' data type
 */
record FactorArrays(NDArray a, NDArray b, NDArray scaling) {
    /**
     * Returns the same factors at another scaling.
     *
     * @param factor by which s is multiplied
     * @param owner the manager of the new scaling
     */
    FactorArrays scaledBy(double factor, NDManager owner) {
        if (factor == 1) {
            return this;
        }
        NDArray by =
                scaling.getDataType() == DataType.FLOAT64
                        ? owner.create(factor)
                        : owner.create((float) factor);
        NDArray product = scaling.mul(by);
        product.attach(owner);
        return new FactorArrays(a, b, product);
    }

    /**
     * Adds the term of a linear reader: y + s · (dropout(x) Aᵀ) Bᵀ.
     *
     * @param x the layer's input, (…, in)
     * @param y the base's output, (…, out); overwritten when serving
     * @param dropout the probability of dropping an element of x in training
     * @param training whether the result is to have a graph
     */
    NDArray addLinear(NDArray x, NDArray y, double dropout, boolean training) {
        NDArray in = Cast.to(x, a.getDataType()); // with its graph, which toType would leave
        if (training && dropout > 0) {
            in = Dropout.dropout(in, (float) dropout, true).singletonOrThrow(); // (…, in)
        }
        NDArray low = Linear.linear(in, a).singletonOrThrow(); // (…, in) x (in, r) -> (…, r)
        NDArray term = Linear.linear(scaled(low, training), b).singletonOrThrow(); // -> (…, out)
        NDArray sum = add(y, term, training);
        if (!training) {
            low.close();
            if (in != x) {
                in.close();
            }
        }
        return sum;
    }

    /**
     * Adds the term of an embedding reader: y + s · B[ids] A. There is no dropout, as in PEFT.
     *
     * @param ids the token ids, (…)
     * @param y the base's output, (…, in); overwritten when serving
     * @param training whether the result is to have a graph
     */
    NDArray addEmbedding(NDArray ids, NDArray y, boolean training) {
        NDArray low = Embedding.embedding(ids, b, SparseFormat.DENSE).singletonOrThrow(); // (…, r)
        NDArray term = scaled(low, training).matMul(a); // (…, r) x (r, in) -> (…, in)
        NDArray sum = add(y, term, training);
        if (!training) {
            low.close();
        }
        return sum;
    }

    /**
     * Returns ΔW = s · B A, (out, in), in the factors' data type.
     *
     * @param owner the manager that the result belongs to
     */
    NDArray delta(NDManager owner) {
        NDArray low = b.mul(scaling); // (out, r)
        low.attach(owner);
        NDArray delta = low.matMul(a); // (out, r) x (r, in) -> (out, in)
        delta.attach(owner);
        return delta;
    }

    private NDArray scaled(NDArray low, boolean training) {
        return training ? low.mul(scaling) : low.muli(scaling);
    }

    private static NDArray add(NDArray y, NDArray term, boolean training) {
        NDArray cast = Cast.to(term, y.getDataType());
        if (training) {
            return y.add(cast);
        }
        NDArray sum = y.addi(cast);
        new NDList(term, cast).close();
        return sum;
    }
}
