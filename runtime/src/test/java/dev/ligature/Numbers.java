package dev.ligature;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Random;

/** Fixed numbers, and the matrix arithmetic that results are compared with, on plain arrays. */
public final class Numbers {
    private Numbers() {}

    /** Returns numbers within ±0.5 for a shape, the same for the same salt. */
    public static float[] fill(Shape shape, int salt) {
        Random random = new Random(1000L + salt);
        float[] values = new float[(int) shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        return values;
    }

    public static double[][] matrix(NDArray array) {
        NDArray wide = array.toType(DataType.FLOAT64, true);
        double[] flat = wide.toDoubleArray();
        wide.close();
        int columns = (int) array.getShape().get(array.getShape().dimension() - 1);
        double[][] rows = new double[flat.length / columns][columns];
        for (int i = 0; i < flat.length; i++) {
            rows[i / columns][i % columns] = flat[i];
        }
        return rows;
    }

    /** Returns w + s · b · a. */
    public static double[][] plusDelta(double[][] w, double s, double[][] b, double[][] a) {
        double[][] sum = new double[w.length][w[0].length];
        for (int o = 0; o < w.length; o++) {
            for (int i = 0; i < w[0].length; i++) {
                double delta = 0;
                for (int r = 0; r < a.length; r++) {
                    delta += b[o][r] * a[r][i];
                }
                sum[o][i] = w[o][i] + s * delta;
            }
        }
        return sum;
    }

    /** Returns x wᵀ + bias. */
    public static double[][] linear(double[][] x, double[][] w, double[] bias) {
        double[][] y = new double[x.length][w.length];
        for (int n = 0; n < x.length; n++) {
            for (int o = 0; o < w.length; o++) {
                y[n][o] = bias.length == 0 ? 0 : bias[o];
                for (int i = 0; i < w[0].length; i++) {
                    y[n][o] += x[n][i] * w[o][i];
                }
            }
        }
        return y;
    }

    public static double[][] rows(double[][] table, long[] ids) {
        double[][] rows = new double[ids.length][];
        for (int n = 0; n < ids.length; n++) {
            rows[n] = table[(int) ids[n]];
        }
        return rows;
    }

    public static void assertClose(double[][] expected, NDArray actual, double epsilon) {
        double[][] found = matrix(actual);
        if (found.length != expected.length || found[0].length != expected[0].length) {
            throw new AssertionError("shape " + actual.getShape());
        }
        for (int i = 0; i < expected.length; i++) {
            for (int j = 0; j < expected[0].length; j++) {
                double gap = Math.abs(found[i][j] - expected[i][j]);
                if (!(gap <= epsilon * (1 + Math.abs(expected[i][j])))) {
                    throw new AssertionError(
                            "[" + i + "," + j + "] " + found[i][j] + " is not " + expected[i][j]);
                }
            }
        }
    }
}
