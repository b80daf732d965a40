package dev.ligature.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The file was written by the format's Python library; the values are those of its script. */
class SafetensorsReaderTest {
    private static final Path FILE = TestFiles.resource("checkpoint/dtypes.safetensors");

    private NDManager manager;
    private SafetensorsReader reader;

    @BeforeEach
    void open() throws IOException {
        manager = NDManager.newBaseManager();
        reader = SafetensorsReader.open(FILE);
    }

    @AfterEach
    void close() throws IOException {
        reader.close();
        manager.close();
    }

    @Test
    void aFilesTensorsAndMetadata_areListed() throws IOException {
        assertEquals(Map.of("format", "pt"), reader.metadata());
        assertEquals(13, reader.tensors().size());
        TensorInfo info = reader.tensor("bf16");
        assertEquals(TensorDtype.BF16, info.dtype());
        assertEquals(new Shape(2, 2), info.shape());
        assertEquals(8, info.byteCount());
    }

    @Test
    void everyDataTypeWithAnArray_isReadExactly() throws IOException {
        assertArrayEquals(new double[] {1.0 / 3, -2.5}, read("f64").toDoubleArray());
        assertArrayEquals(
                new float[] {0.1f, -1.5f, 3e38f, 1.4e-45f, 0f, -0f}, read("f32").toFloatArray());
        assertEquals(new Shape(2, 3), read("f32").getShape());
        assertArrayEquals(new long[] {(1L << 62) + 1, -1}, read("i64").toLongArray());
        assertArrayEquals(new int[] {Integer.MAX_VALUE, -7}, read("i32").toIntArray());
        assertArrayEquals(new byte[] {-128, 127}, read("i8").toByteArray());
        assertArrayEquals(new int[] {0, 255, 7}, read("u8").toUint8Array());
        assertArrayEquals(new boolean[] {true, false, true}, read("bool").toBooleanArray());
    }

    @Test
    void halfPrecision_keepsItsBits() throws IOException {
        NDArray half = read("f16");
        assertEquals(DataType.FLOAT16, half.getDataType());
        // torch: 0.1 is 0x2e66, 65504 0x7bff, -6e-8 the smallest subnormal 0x8001
        float[] wide = half.toType(DataType.FLOAT32, true).toFloatArray();
        assertArrayEquals(new float[] {0.099975586f, 65504f, -5.9604645e-8f}, wide);
    }

    @Test
    void bfloat16_isWidenedToFloat32() throws IOException {
        NDArray wide = read("bf16");
        assertEquals(DataType.FLOAT32, wide.getDataType());
        assertEquals(new Shape(2, 2), wide.getShape());
        // torch: 0x3dcd, 0xbfc0, 0x7f62, 0x0001 (subnormal), followed by sixteen zero bits
        int[] bits = {0x3dcd0000, 0xbfc00000, 0x7f620000, 0x00010000};
        float[] values = wide.toFloatArray();
        for (int i = 0; i < bits.length; i++) {
            assertEquals(bits[i], Float.floatToRawIntBits(values[i]));
        }
    }

    @Test
    void scalarsAndEmptyTensors_keepTheirShapes() throws IOException {
        assertEquals(new Shape(), read("scalar").getShape());
        assertEquals(2.5f, read("scalar").getFloat());
        assertEquals(new Shape(0, 3), read("empty").getShape());
        assertEquals(new Shape(0, 3), reader.map("empty", manager).getShape());
    }

    @Test
    void aDataTypeWithoutArray_isRefusedByName() {
        for (String name : new String[] {"i16", "f8"}) {
            Refusal.of("TensorDtype", () -> reader.read(name, manager), "'" + name + "'");
            Refusal.of("TensorDtype", () -> reader.map(name, manager), "'" + name + "'");
        }
    }

    @Test
    void anUnknownName_isAnErrorWithTheNearest() {
        Refusal.of("TensorMissing", () -> reader.read("f322", manager), "Did you mean f32");
    }

    @Test
    void aMappedTensor_isTheReadOneAndMayBeWritten() throws IOException {
        NDArray mapped = reader.map("f64", manager);
        NDArray copied = read("f64");
        assertArrayEquals(copied.toDoubleArray(), mapped.toDoubleArray());
        mapped.addi(copied);
        assertArrayEquals(new double[] {2.0 / 3, -5}, mapped.toDoubleArray());
        assertArrayEquals(new double[] {1.0 / 3, -2.5}, read("f64").toDoubleArray());
    }

    private NDArray read(String name) throws IOException {
        return reader.read(name, manager);
    }
}
