package dev.ligature.internal.linalg;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DecompositionTest {
    private static final double EPSILON = 1e-10;
    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void theSingularValuesOfAMatrixThatIsSolvedByHand() {
        // [[3, 0], [4, 5]]: the eigenvalues of MᵀM = [[25, 20], [20, 25]] are 45 and 5.
        NDArray matrix = manager.create(new float[] {3, 0, 4, 5}, new Shape(2, 2));
        Svd svd = Svd.exact(matrix, 2, manager);
        assertArrayEquals(
                new double[] {Math.sqrt(45), Math.sqrt(5)}, svd.s().toDoubleArray(), EPSILON);
        // Its first right singular vector is (1, 1) / √2, up to the sign.
        double[] first = svd.vt().get(0).toDoubleArray();
        assertEquals(Math.sqrt(0.5), Math.abs(first[0]), EPSILON);
        assertEquals(first[0], first[1], EPSILON);
    }

    @Test
    void aWholeDecomposition_givesTheMatrixBack_inEitherShape() {
        for (Shape shape : new Shape[] {new Shape(7, 4), new Shape(4, 7), new Shape(5, 5)}) {
            NDArray matrix = random(shape, 3);
            int k = (int) Math.min(shape.get(0), shape.get(1));
            Svd svd = Svd.exact(matrix, k, manager);
            assertOrthonormal(svd.u());
            assertOrthonormal(svd.vt().transpose());
            assertClose(matrix, svd.u().mul(svd.s()).matMul(svd.vt()));
            double[] values = svd.s().toDoubleArray();
            for (int i = 1; i < k; i++) {
                assertTrue(values[i] <= values[i - 1]);
            }
            Qr qr = Qr.first(matrix, k, manager);
            assertOrthonormal(qr.q());
            assertClose(matrix, qr.q().matMul(qr.r()));
            assertUpper(qr.r());
        }
    }

    @Test
    void matricesOfLesserRank_areDecomposedToo() {
        NDArray column = random(new Shape(6, 1), 5);
        NDArray zero = manager.zeros(new Shape(6, 4), DataType.FLOAT64);
        NDArray gap = random(new Shape(6, 4), 6);
        gap.set(new NDIndex(":, 1"), 0);
        for (NDArray matrix :
                new NDArray[] {
                    zero,
                    gap,
                    column.matMul(random(new Shape(1, 4), 7)),
                    gap.mul(manager.create(1e-300)),
                    manager.zeros(new Shape(1, 1), DataType.FLOAT64)
                }) {
            int k = (int) matrix.getShape().get(1);
            Qr qr = Qr.first(matrix, k, manager);
            assertOrthonormal(qr.q());
            assertClose(matrix, qr.q().matMul(qr.r()));
            NDArray start = random(new Shape(k, 1), 8);
            for (Svd svd :
                    List.of(
                            Svd.exact(matrix, k, manager),
                            Svd.approximate(matrix, start, 4, manager))) {
                assertOrthonormal(svd.u());
                assertOrthonormal(svd.vt().transpose());
            }
        }
        NDArray broken = zero.duplicate();
        broken.set(new NDIndex("2, 1"), Double.NaN);
        assertThrows(IllegalArgumentException.class, () -> Qr.first(broken, 4, manager));
    }

    @Test
    void theFirstColumnsOfQ_areThoseOfTheWholeOne() {
        NDArray matrix = random(new Shape(6, 9), 4);
        Qr whole = Qr.first(matrix, 6, manager);
        Qr part = Qr.first(matrix, 2, manager);
        assertClose(whole.q().get(":, :2"), part.q());
        assertClose(whole.r().get(":2"), part.r());
    }

    @Test
    void aRandomSubspace_findsALowRankExactly() {
        NDArray matrix = random(new Shape(30, 3), 5).matMul(random(new Shape(3, 20), 6));
        Svd exact = Svd.exact(matrix, 3, manager);
        Svd found = Svd.approximate(matrix, start(matrix, 3), 2, manager);
        assertArrayEquals(exact.s().toDoubleArray(), found.s().toDoubleArray(), 1e-9);
        assertClose(matrix, found.u().mul(found.s()).matMul(found.vt()));
    }

    @Test
    void aDecomposition_leavesItsResultsAndNothingElse() {
        NDArray matrix = random(new Shape(6, 5), 7).toType(DataType.FLOAT32, false);
        NDArray start = start(matrix, 2);
        int before = manager.getManagedArrays().size();
        Svd.exact(matrix, 2, manager);
        Svd.approximate(matrix, start, 2, manager);
        assertEquals(before + 6, manager.getManagedArrays().size());
        Qr.first(matrix, 2, manager);
        assertEquals(before + 8, manager.getManagedArrays().size());
    }

    private NDArray random(Shape shape, long seed) {
        double[] values = new Random(seed).doubles(shape.size(), -1, 1).toArray();
        return manager.create(values, shape);
    }

    private NDArray start(NDArray matrix, int k) {
        return random(new Shape(matrix.getShape().get(1), k), 8);
    }

    private void assertOrthonormal(NDArray q) {
        long k = q.getShape().get(1);
        assertClose(manager.eye((int) k).toType(DataType.FLOAT64, false), q.transpose().matMul(q));
    }

    private static void assertUpper(NDArray r) {
        long columns = r.getShape().get(1);
        double[] values = r.toDoubleArray();
        for (int i = 0; i < values.length; i++) {
            assertTrue(i % columns >= i / columns || Math.abs(values[i]) < EPSILON);
        }
    }

    private static void assertClose(NDArray expected, NDArray actual) {
        assertEquals(expected.getShape(), actual.getShape());
        assertArrayEquals(expected.toDoubleArray(), actual.toDoubleArray(), EPSILON);
    }
}
