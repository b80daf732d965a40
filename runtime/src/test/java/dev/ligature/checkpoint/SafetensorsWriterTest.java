package dev.ligature.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.internal.tensors.Bfloat16;
import dev.ligature.internal.tensors.Rounding;
import dev.ligature.internal.tensors.TensorBytes;
import dev.ligature.internal.tensors.TensorSource;
import dev.ligature.internal.tensors.TensorWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compared with files of the format's Python library, and with values that torch rounded. */
class SafetensorsWriterTest {
    private NDManager manager;
    @TempDir private Path directory;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void theBytes_areThoseOfTheReferenceImplementation() throws IOException {
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        tensors.put("c.wéight", manager.create(new float[] {0.25f}));
        tensors.put("b.weight", manager.arange(6f).reshape(2, 3));
        tensors.put("ids", manager.create(new long[][] {{3, 4}}));
        NDArray half = manager.create(new float[] {1f, 0.5f}).toType(DataType.FLOAT16, true);
        tensors.put("a.weight", half);
        Path file = directory.resolve("written.safetensors");
        SafetensorsWriter.write(file, tensors, Map.of("format", "pt"));
        byte[] reference = Files.readAllBytes(TestFiles.resource("checkpoint/written.safetensors"));
        assertArrayEquals(reference, Files.readAllBytes(file));
        assertEquals(List.of("written.safetensors"), TestFiles.names(directory));
    }

    @Test
    void allDataTypes_areReadBackAsTheyWere() throws IOException {
        Path source = TestFiles.resource("checkpoint/dtypes.safetensors");
        try (SafetensorsReader reader = SafetensorsReader.open(source)) {
            Map<String, NDArray> tensors = new LinkedHashMap<>();
            for (TensorInfo tensor : reader.tensors().values()) {
                boolean own = tensor.dtype() != TensorDtype.BF16;
                if (own && tensor.dtype().arrayType().isPresent()) {
                    tensors.put(tensor.name(), reader.read(tensor.name(), manager));
                }
            }
            Path file = directory.resolve("copy.safetensors");
            SafetensorsWriter.write(file, tensors, Map.of());
            try (SafetensorsReader written = SafetensorsReader.open(file)) {
                assertEquals(10, written.tensors().size());
                assertEquals(Map.of(), written.metadata());
                for (TensorInfo tensor : written.tensors().values()) {
                    TensorInfo original = reader.tensor(tensor.name());
                    assertEquals(original.dtype(), tensor.dtype());
                    assertEquals(original.shape(), tensor.shape());
                    assertEquals(bytes(reader, original), bytes(written, tensor));
                }
            }
        }
    }

    @Test
    void bfloat16AndHalf_areRoundedAsTorchRounds() throws IOException {
        List<Long> bfloat16 = new ArrayList<>();
        List<Long> half = new ArrayList<>();
        List<Float> values = new ArrayList<>();
        Path table = TestFiles.resource("checkpoint/rounding.txt");
        for (String line : Files.readAllLines(table)) {
            int single = Integer.parseUnsignedInt(line.substring(0, 8), 16);
            values.add(Float.intBitsToFloat(single));
            bfloat16.add(Long.parseLong(line.substring(9, 13), 16));
            half.add(Long.parseLong(line.substring(14), 16));
        }
        assertTrue(values.size() > 700);
        float[] floats = new float[values.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = values.get(i);
        }
        NDArray array = manager.create(floats);
        assertEquals(bfloat16, written(array, TensorDtype.BF16));
        assertEquals(half, written(array, TensorDtype.F16));
    }

    @Test
    void aNan_staysOneInBfloat16() {
        for (int bits : new int[] {0x7f800001, 0xffc00000, 0x7fffffff}) {
            int wide = Bfloat16.widen(Bfloat16.round(Float.intBitsToFloat(bits)));
            assertTrue(Float.isNaN(Float.intBitsToFloat(wide)));
        }
    }

    @Test
    void theLargestRoundingStep_isNoted() throws IOException {
        // 1 + 2^-8 lies between the bfloat16 1 and 1 + 2^-7 and goes to the even one, 1.
        NDArray array = manager.create(new float[] {1f + 1f / 256, 2f, -0.5f});
        Rounding rounding = new Rounding();
        TensorBytes.fromArray(array, TensorDtype.BF16, bytes -> bytes.position(6), rounding);
        assertEquals(1.0 / 256, rounding.largest());
        // 2049 lies between the halves 2048 and 2050.
        Rounding half = new Rounding();
        NDArray odd = manager.create(new float[] {2049f});
        TensorBytes.fromArray(odd, TensorDtype.F16, bytes -> bytes.position(2), half);
        assertEquals(1.0, half.largest());
    }

    @Test
    void tensorsOfManyChunksAndTransposedOnes_areReadBackInOrder() throws IOException {
        NDArray large = manager.arange(700_003f);
        NDArray transposed = manager.arange(600_000f).reshape(300, 2000).transpose();
        Path file = directory.resolve("large.safetensors");
        SafetensorsWriter.write(file, Map.of("large", large, "turned", transposed), Map.of());
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            float[] values = reader.read("large", manager).toFloatArray();
            for (int i = 0; i < values.length; i++) {
                assertEquals(i, values[i]);
            }
            assertEquals(new Shape(2000, 300), reader.tensor("turned").shape());
            float[] turned = reader.read("turned", manager).toFloatArray();
            assertEquals(2000f, turned[1]);
            assertEquals(1f, turned[300]);
            assertEquals(299 * 2000f + 1999, turned[turned.length - 1]);
        }
    }

    @Test
    void theSameTensors_giveTheSameFile() throws IOException {
        NDArray one = manager.ones(new Shape(2));
        NDArray zero = manager.zeros(new Shape(3));
        Map<String, NDArray> other = new LinkedHashMap<>();
        other.put("b", zero);
        other.put("a", one);
        Path first = directory.resolve("first");
        Path second = directory.resolve("second");
        SafetensorsWriter.write(first, Map.of("a", one, "b", zero), Map.of("y", "2", "x", "1"));
        SafetensorsWriter.write(second, other, Map.of("x", "1", "y", "2"));
        assertEquals(-1, Files.mismatch(first, second));
    }

    @Test
    void aFailure_leavesTheFormerFileAndNoOther() throws IOException {
        Path file = directory.resolve("kept");
        Files.writeString(file, "former");
        Map<String, TensorSource> sources =
                Map.of(
                        "a",
                        new TensorSource(
                                TensorDtype.F32,
                                new Shape(2),
                                output -> {
                                    output.write(ByteBuffer.allocate(4));
                                    throw new IOException("No space left on device");
                                }));
        Refusal.of(
                "WriteFailed",
                () -> TensorWriter.write(file, sources, Map.of()),
                file.toString(),
                "No space left on device");
        assertEquals("former", Files.readString(file));
        assertEquals(List.of("kept"), TestFiles.names(directory));
        Path nowhere = directory.resolve("none/file");
        Refusal.of(
                "WriteFailed",
                () -> SafetensorsWriter.write(nowhere, Map.of(), Map.of()),
                nowhere.toString());
    }

    @Test
    void theNameOfTheMetadata_isNoTensors() {
        NDArray array = manager.ones(new Shape(1));
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        SafetensorsWriter.write(
                                directory.resolve("x"), Map.of("__metadata__", array), Map.of()));
    }

    private List<Long> written(NDArray array, TensorDtype dtype) throws IOException {
        Path file = directory.resolve("rounded.safetensors");
        TensorSource source = TensorSource.of(array, dtype, new Rounding());
        TensorWriter.write(file, Map.of("x", source), Map.of());
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            ByteBuffer bytes = bytes(reader, reader.tensor("x"));
            List<Long> bits = new ArrayList<>();
            while (bytes.hasRemaining()) {
                bits.add((long) bytes.getShort() & 0xFFFF);
            }
            return bits;
        }
    }

    private static ByteBuffer bytes(SafetensorsReader reader, TensorInfo tensor)
            throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) tensor.byteCount());
        reader.readBytes(tensor, 0, bytes);
        return bytes.flip().order(ByteOrder.LITTLE_ENDIAN);
    }
}
