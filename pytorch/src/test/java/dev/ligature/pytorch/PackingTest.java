package dev.ligature.pytorch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.PackedArray;
import dev.ligature.ops.WeightPacking;
import dev.ligature.ops.WeightPrecision;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights in fewer bits: which values they have, and what is computed with them. */
final class PackingTest {
    private final NDManager manager = NDManager.newBaseManager();
    private final TestArrays arrays = new TestArrays(manager, 8, DataType.FLOAT32);
    private final WeightPacking packing =
            Objects.requireNonNull(OperatorLookup.engine(manager).packing());

    @AfterEach
    void close() {
        manager.close();
    }

    /** Rounds to the nearest bfloat16, ties to even, as IEEE 754 rounds. */
    private static float bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return Float.intBitsToFloat((bits + 0x7FFF + ((bits >>> 16) & 1)) & 0xFFFF0000);
    }

    @Test
    void bfloat16_isEachValueRounded_inHalfOfTheMemory() {
        NDArray w = arrays.of(17, 65);
        PackedArray packed = packing.pack(w, WeightPrecision.BF16, manager);
        float[] expected = w.toFloatArray();
        for (int i = 0; i < expected.length; i++) {
            expected[i] = bfloat16(expected[i]);
        }
        assertArrayEquals(expected, packed.unpacked(manager).toFloatArray());
        assertEquals(2L * 17 * 65, packed.byteCount());
        assertEquals(new Shape(17, 65), packed.getShape());
        assertEquals(DataType.FLOAT32, packed.getDataType());
    }

    @Test
    void int8_isWithinHalfAStepOfEachValue_inAQuarterOfTheMemory() {
        NDArray w = arrays.of(33, 96).mul(arrays.of(33, 1)); // rows of other sizes
        w.set(new ai.djl.ndarray.index.NDIndex("4"), 0);
        PackedArray packed = packing.pack(w, WeightPrecision.INT8, manager);
        float[] values = w.toFloatArray();
        float[] found = packed.unpacked(manager).toFloatArray();
        for (int row = 0; row < 33; row++) {
            float largest = 0;
            for (int i = 0; i < 96; i++) {
                largest = Math.max(largest, Math.abs(values[row * 96 + i]));
            }
            float scale = largest == 0 ? 1 : bfloat16(largest / 127);
            for (int i = row * 96; i < (row + 1) * 96; i++) {
                double steps = Math.rint(values[i] / scale);
                double whole = Math.max(-127, Math.min(127, steps));
                assertEquals(whole * scale, found[i], 1e-6 * scale, "row " + row);
                assertTrue(Math.abs(values[i] - found[i]) <= 0.76 * scale, "row " + row);
            }
        }
        assertEquals(33L * 96 + 2 * 33, packed.byteCount());
    }

    @ParameterizedTest
    @CsvSource({
        "BF16, 1, 65, 17",
        "BF16, 7, 31, 96",
        "BF16, 40, 320, 800",
        "INT8, 1, 65, 17",
        "INT8, 3, 48, 7",
        "INT8, 8, 31, 96",
        "INT8, 9, 31, 96",
        "INT8, 40, 320, 800"
    })
    void linear_isTheProductWithTheValues(
            WeightPrecision precision, long tokens, long in, long out) {
        NDArray x = arrays.of(1, tokens, in);
        NDArray bias = arrays.of(out);
        PackedArray packed = packing.pack(arrays.of(out, in), precision, manager);
        NDArray w = packed.unpacked(manager).toType(DataType.FLOAT64, false);
        NDArray product = x.toType(DataType.FLOAT64, false).reshape(-1, in).matMul(w.transpose());
        NDArray expected = product.reshape(1, tokens, out).toType(DataType.FLOAT32, false);
        TestArrays.assertClose(expected, packed.linear(x, null), 8e-3, "without bias");
        TestArrays.assertClose(expected.add(bias), packed.linear(x, bias), 8e-3, "with bias");
    }

    @ParameterizedTest
    @EnumSource(WeightPrecision.class)
    void rows_areThoseOfTheValues_forBothTypesOfIds(WeightPrecision precision) {
        PackedArray table = packing.pack(arrays.of(50, 24), precision, manager);
        NDArray ids = manager.create(new long[] {3, 49, 0, 3, 7, 21}, new Shape(2, 3));
        NDArray expected = table.unpacked(manager).get(ids.flatten()).reshape(2, 3, 24);
        assertEquals(expected, table.rows(ids));
        assertEquals(expected, table.rows(ids.toType(DataType.INT32, false)));
    }

    @ParameterizedTest
    @EnumSource(WeightPrecision.class)
    void everyMethod_computesTheSame(WeightPrecision precision) {
        try (Script script = PackedProducts.script()) {
            NDArray w = arrays.of(31, 80);
            NDArray x = arrays.of(5, 80);
            NDList packed = script.call("pack_" + ScriptPacking.suffix(precision), w);
            NDArray scales = packed.size() > 1 ? packed.get(1) : null;
            List<String> methods = PackedProducts.methods(precision);
            NDArray wide = ScriptPacking.call(script, methods.get(0), x, packed.head(), scales);
            for (String method : methods) {
                NDArray y = ScriptPacking.call(script, method, x, packed.head(), scales);
                TestArrays.assertClose(wide, y, 8e-3, method);
            }
        }
    }

    @Test
    void aMethodThatIsWrong_isNotUsed() {
        String text = Script.text("packing");
        String wrong =
                text.replace(
                        "torch.to(torch.linear(torch.to(x, 15), p), 6)",
                        "torch.to(torch.linear(torch.to(x, 15), torch.neg(p)), 6)");
        assertTrue(!wrong.equals(text));
        try (Script script = Script.of("Packing", wrong)) {
            PackedProducts products = PackedProducts.measured(script);
            for (boolean few : new boolean[] {true, false}) {
                assertEquals("linear_wide_bf16", products.method(WeightPrecision.BF16, 64, few));
                assertNotNull(products.method(WeightPrecision.INT8, 64, few));
            }
        }
    }

    @Test
    void whatReadsValues_getsThem_andWhatWrites_isRefused() {
        NDArray w = arrays.of(8, 16);
        PackedArray packed = packing.pack(w, WeightPrecision.INT8, manager);
        float[] values = packed.unpacked(manager).toFloatArray();
        assertArrayEquals(values, packed.toFloatArray());
        assertArrayEquals(values, packed.stopGradient().toFloatArray());
        assertArrayEquals(values, PackedArray.plain(packed, manager).toFloatArray());
        assertEquals(w, PackedArray.plain(w, manager));
        NDArray again =
                packing.pack(packed.unpacked(manager), WeightPrecision.INT8, manager)
                        .unpacked(manager);
        assertArrayEquals(values, again.toFloatArray());
        assertThrows(UnsupportedOperationException.class, () -> packed.addi(1));
        assertThrows(UnsupportedOperationException.class, () -> packed.intern(w));
        NDArray cube = arrays.of(2, 3, 4);
        assertThrows(
                IllegalArgumentException.class,
                () -> packing.pack(cube, WeightPrecision.INT8, manager));
    }

    @Test
    void aClosedOne_freesItsBits() {
        NDManager owner = manager.newSubManager();
        PackedArray first = packing.pack(arrays.of(8, 16), WeightPrecision.INT8, owner);
        first.close();
        assertTrue(first.data().isReleased());
        PackedArray second = packing.pack(arrays.of(8, 16), WeightPrecision.INT8, owner);
        owner.close();
        assertTrue(second.data().isReleased());
        assertTrue(Objects.requireNonNull(second.scales()).isReleased());
    }
}
