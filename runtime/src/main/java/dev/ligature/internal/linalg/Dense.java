package dev.ligature.internal.linalg;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.ejml.data.DMatrixRMaj;

/** Carries matrices between DJL and EJML, both of which store them row by row. */
final class Dense {
    private Dense() {}

    static NDArray attached(NDArray array, NDManager owner) {
        array.attach(owner);
        return array;
    }

    /** Returns a matrix in double precision, without a graph. */
    static NDArray wide(NDArray matrix, NDManager owner) {
        NDArray detached = attached(matrix.stopGradient(), owner);
        return attached(detached.toType(DataType.FLOAT64, false), owner);
    }

    static DMatrixRMaj of(NDArray matrix) {
        Shape shape = matrix.getShape();
        if (shape.dimension() != 2) {
            throw new IllegalArgumentException("An array " + shape + " is no matrix");
        }
        int rows = Math.toIntExact(shape.get(0));
        int columns = Math.toIntExact(shape.get(1));
        try (NDArray detached = matrix.stopGradient();
                NDArray wide = detached.toType(DataType.FLOAT64, true)) {
            return DMatrixRMaj.wrap(rows, columns, wide.toDoubleArray());
        }
    }

    /** Returns the first rows and columns of a matrix, in an array of the manager. */
    static NDArray array(DMatrixRMaj matrix, int rows, int columns, NDManager manager) {
        double[] values = new double[rows * columns];
        for (int row = 0; row < rows; row++) {
            System.arraycopy(matrix.data, row * matrix.numCols, values, row * columns, columns);
        }
        return manager.create(values, new Shape(rows, columns));
    }
}
