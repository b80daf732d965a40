package dev.ligature.checkpoint;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights that are not finite are refused, in each data type and at each place. */
final class FiniteWeightsTest {
    @TempDir private Path folder;

    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
    }

    @AfterEach
    void close() {
        manager.close();
    }

    /** Writes a tensor with a value of these bits among others. */
    private Path file(String dtype, int size, long others, int count, int at, long bits)
            throws IOException {
        byte[] header =
                "{\"w\":{\"dtype\":\"%s\",\"shape\":[%d],\"data_offsets\":[0,%d]}}"
                        .formatted(dtype, count, count * size)
                        .getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes =
                ByteBuffer.allocate(8 + header.length + count * size)
                        .order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length).put(header);
        for (int i = 0; i < count; i++) {
            long value = i == at ? bits : others;
            for (int b = 0; b < size; b++) {
                bytes.put((byte) (value >>> (8 * b)));
            }
        }
        Path file = folder.resolve("w.safetensors");
        Files.write(file, bytes.array());
        return file;
    }

    /** Checks values next to the largest ones that are finite, and next to those just below 1. */
    private void check(String dtype, int size, long largest, long... refused) throws IOException {
        checkNextTo(largest, dtype, size, largest, refused);
        checkNextTo(largest & ~(1L << (8 * size - 2)), dtype, size, largest, refused);
    }

    private void checkNextTo(long others, String dtype, int size, long largest, long... refused)
            throws IOException {
        for (int count : new int[] {1, 3, 8, 515, 40_000}) {
            for (int at : new int[] {0, count / 2, count - 1}) {
                for (long bits : refused) {
                    Path file = file(dtype, size, others, count, at, bits);
                    try (SafetensorsReader reader = SafetensorsReader.open(file)) {
                        TensorInfo w = reader.tensor("w");
                        String element = "element " + at + " of 'w'";
                        Refusal.of(
                                "TensorNotFinite",
                                () -> reader.read(w, DataType.FLOAT64, manager),
                                element);
                        Refusal.of("TensorNotFinite", () -> reader.map(w, manager), element);
                    }
                }
                Path file = file(dtype, size, others, count, at, largest | 1L << (8 * size - 1));
                try (SafetensorsReader reader = SafetensorsReader.open(file)) {
                    TensorInfo w = reader.tensor("w");
                    assertEquals(
                            new Shape(count), reader.read(w, DataType.FLOAT64, manager).getShape());
                    try (NDArray mapped = reader.map(w, manager)) {
                        assertEquals(count, mapped.size());
                    }
                }
            }
        }
    }

    @Test
    void everyNanAndInfinity_isFound_andNoLargestValueIs() throws IOException {
        check("F32", 4, 0x7F7F_FFFFL, 0x7F80_0000L, 0xFF80_0000L, 0x7FC0_0000L, 0xFF80_0001L);
        check("F16", 2, 0x7BFFL, 0x7C00L, 0xFC00L, 0x7E00L, 0xFC01L);
        check("BF16", 2, 0x7F7FL, 0x7F80L, 0xFF80L, 0x7FC0L, 0xFF81L);
        check("F64", 8, 0x7FEF_FFFF_FFFF_FFFFL, 0x7FF0_0000_0000_0000L, 0xFFF8_0000_0000_0001L);
    }

    @Test
    void aValueThatTheArraysTypeCannotHold_isRefused() throws IOException {
        long wide = Double.doubleToRawLongBits(-1e39);
        checkNarrowed("F64", 8, Double.doubleToRawLongBits(3), wide, DataType.FLOAT32, "-1.0E39");
        int large = Float.floatToRawIntBits(65520);
        checkNarrowed("F32", 4, Float.floatToRawIntBits(-9), large, DataType.FLOAT16, "65520.0");
    }

    @Test
    void norDoesABaseLoadIt() throws IOException {
        int large = Float.floatToRawIntBits(7e4f);
        Path file = file("F32", 4, Float.floatToRawIntBits(-9), 3, 1, large);
        String text = Files.readString(file, ISO_8859_1);
        char length = (char) (text.charAt(0) + "norm.weight".length() - "w".length());
        Path base = folder.resolve("model.safetensors");
        String named = length + text.substring(1).replace("\"w\"", "\"norm.weight\"");
        Files.writeString(base, named, ISO_8859_1);
        LoadOptions half = LoadOptions.defaults().withDataType(DataType.FLOAT16);
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(folder)) {
            Refusal.of(
                    "TensorNotFinite",
                    () ->
                            checkpoint.load(
                                    new NamedBlocks().norm("norm", 3),
                                    NamedBlocks.VISIT,
                                    manager,
                                    half,
                                    new Shape(1, 3)),
                    "element 1 of 'norm.weight' is 70000.0, infinite in float16");
        }
    }

    private void checkNarrowed(
            String dtype, int size, long others, long bits, DataType type, String value)
            throws IOException {
        Path file = file(dtype, size, others, 40_000, 39_000, bits);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            int arrays = manager.getManagedArrays().size();
            Refusal.of(
                    "TensorNotFinite",
                    () -> reader.read(reader.tensor("w"), type, manager),
                    "element 39000 of 'w' is " + value + ", infinite in float");
            assertEquals(arrays, manager.getManagedArrays().size());
        }
        Path fits = file(dtype, size, others, 40_000, 39_000, others);
        try (SafetensorsReader reader = SafetensorsReader.open(fits);
                NDArray narrow = reader.read(reader.tensor("w"), type, manager)) {
            assertEquals(type, narrow.getDataType());
        }
    }

    @Test
    void aPointerOfGitLfs_isNamed() throws IOException {
        Path file = folder.resolve("adapter_config.json");
        Files.writeString(
                file, "version https://git-lfs.github.com/spec/v1\noid sha256:01\nsize 9\n");
        Refusal.of("CheckpointPointer", () -> SafetensorsReader.open(file), "git lfs pull");
        Refusal.of("CheckpointPointer", () -> AdapterConfigJson.read(file), "git lfs pull");
    }
}
