package dev.ligature.internal.linalg;

import static dev.ligature.internal.linalg.Dense.attached;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.MatrixFeatures_DDRM;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.QRDecomposition;

/**
 * The first columns and rows of a QR decomposition M = Q R by Householder's reflections, in double
 * precision. The signs of columns of Q, with those of the rows of R, are not determined.
 *
 * @param q orthonormal columns, (m, k)
 * @param r the upper trapezoid, (k, n)
 */
public record Qr(NDArray q, NDArray r) {
    /**
     * Decomposes a matrix as far as its first k columns go, which takes O(m k²) and one product.
     *
     * @param matrix M of shape (m, n), of any floating-point type
     * @param k how many columns of Q are wanted; at most m and n
     * @param owner the manager of the result
     */
    public static Qr first(NDArray matrix, int k, NDManager owner) {
        try (NDManager scope = owner.newSubManager()) {
            NDArray wide = Dense.wide(matrix, scope); // (m, n)
            NDArray left = attached(wide.get(":, :{}", k), scope); // (m, k)
            NDArray q = orthonormal(left, owner); // (m, k)
            NDArray transposed = attached(q.transpose(), scope); // (k, m)
            return new Qr(q, attached(transposed.matMul(wide), owner)); // (k, m) x (m, n) -> (k, n)
        }
    }

    /** Returns Q of a matrix (m, k) with k at most m: an orthonormal basis of its columns. */
    static NDArray orthonormal(NDArray matrix, NDManager owner) {
        DMatrixRMaj dense = Dense.of(matrix);
        QRDecomposition<DMatrixRMaj> qr =
                DecompositionFactory_DDRM.qr(dense.numRows, dense.numCols);
        // A column without a length is an error to EJML, which goes on without reflecting it.
        if (!qr.decompose(dense) && MatrixFeatures_DDRM.hasUncountable(dense)) {
            throw new IllegalArgumentException(
                    "The QR decomposition of a matrix "
                            + matrix.getShape()
                            + " failed: has it values that are not finite?");
        }
        DMatrixRMaj q = qr.getQ(null, true); // (m, k)
        return Dense.array(q, q.numRows, q.numCols, owner);
    }
}
