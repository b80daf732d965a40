package dev.ligature.internal.linalg;

import static dev.ligature.internal.linalg.Dense.attached;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.SingularOps_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.SingularValueDecomposition_F64;

/**
 * The largest singular values of a matrix M ≈ U · diag(s) · Vᵀ with their vectors, in double
 * precision. The sign of each pair of vectors is not determined.
 *
 * @param u the left singular vectors, (m, k)
 * @param s the singular values, the largest first, (k)
 * @param vt the right singular vectors, (k, n)
 */
public record Svd(NDArray u, NDArray s, NDArray vt) {
    /**
     * Decomposes a matrix exactly, which takes O(m n min(m, n)) on one core: a second for some
     * hundred rows and columns, many minutes for some thousand.
     *
     * @param matrix M of shape (m, n), of any floating-point type
     * @param k how many singular values are wanted; at most m and n
     * @param owner the manager of the result
     * @throws IllegalArgumentException if the matrix has values that are not finite
     */
    public static Svd exact(NDArray matrix, int k, NDManager owner) {
        DMatrixRMaj dense = Dense.of(matrix);
        SingularValueDecomposition_F64<DMatrixRMaj> svd =
                DecompositionFactory_DDRM.svd(dense.numRows, dense.numCols, true, true, true);
        if (!svd.decompose(dense)) {
            throw new IllegalArgumentException(
                    "The singular value decomposition of a matrix "
                            + matrix.getShape()
                            + " failed: has it values that are not finite?");
        }
        DMatrixRMaj u = svd.getU(null, false); // (m, min)
        DMatrixRMaj w = svd.getW(null); // (min, min)
        DMatrixRMaj vt = svd.getV(null, true); // (min, n)
        SingularOps_DDRM.descendingOrder(u, false, w, vt, true);
        double[] s = new double[k];
        for (int i = 0; i < k; i++) {
            s[i] = w.get(i, i);
        }
        return new Svd(
                Dense.array(u, u.numRows, k, owner),
                owner.create(s),
                Dense.array(vt, k, vt.numCols, owner));
    }

    /**
     * Approximates the largest singular values by a random subspace: algorithm 5.1 of Halko,
     * Martinsson and Tropp, "Finding structure with randomness", 2011, as torch's {@code
     * svd_lowrank} has it. It takes O(m n k) for each iteration.
     *
     * @param matrix M of shape (m, n), of any floating-point type
     * @param start normal random numbers, (n, k), k the number of singular values that are wanted
     * @param owner the manager of the result
     */
    public static Svd approximate(NDArray matrix, NDArray start, int iterations, NDManager owner) {
        try (NDManager scope = owner.newSubManager()) {
            NDArray m = Dense.wide(matrix, scope); // (m, n)
            NDArray mt = attached(m.transpose(), scope); // (n, m)
            int k = Math.toIntExact(start.getShape().get(1));
            NDArray q = Qr.orthonormal(product(m, start, scope), scope); // (m, k)
            for (int i = 0; i < iterations; i++) {
                NDArray right = Qr.orthonormal(product(mt, q, scope), scope); // (n, k)
                q = Qr.orthonormal(product(m, right, scope), scope); // (m, k)
            }
            NDArray qt = attached(q.transpose(), scope); // (k, m)
            Svd small = exact(product(qt, m, scope), k, scope); // of (k, n)
            NDArray u = product(q, small.u(), owner); // (m, k) x (k, k) -> (m, k)
            return new Svd(u, attached(small.s(), owner), attached(small.vt(), owner));
        }
    }

    private static NDArray product(NDArray left, NDArray right, NDManager owner) {
        return attached(left.matMul(right), owner);
    }
}
