package dev.ligature.internal.tensors;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.Refusal;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.checkpoint.TensorInfo;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights that several threads fill and look through. */
final class WeightReaderTest {
    /** More than two parts, and no multiple of anything. */
    private static final int LARGE = 2_500_003;

    @TempDir private Path folder;
    private Path file;
    private NDManager manager;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        file = folder.resolve("w.safetensors");
    }

    @AfterEach
    void close() {
        manager.close();
    }

    /** Writes tensors of BF16 from their bits. */
    private void write(Map<String, short[]> tensors) throws IOException {
        StringBuilder header = new StringBuilder();
        int end = 0;
        for (Map.Entry<String, short[]> entry : tensors.entrySet()) {
            int begin = end;
            end += 2 * entry.getValue().length;
            header.append(header.isEmpty() ? "{" : ",")
                    .append(
                            "\"%s\":{\"dtype\":\"BF16\",\"shape\":[%d],\"data_offsets\":[%d,%d]}"
                                    .formatted(
                                            entry.getKey(), entry.getValue().length, begin, end));
        }
        byte[] text = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes =
                ByteBuffer.allocate(8 + text.length + end).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(text.length).put(text);
        for (short[] values : tensors.values()) {
            for (short value : values) {
                bytes.putShort(value);
            }
        }
        Files.write(file, bytes.array());
    }

    /** Returns finite values of all kinds, one after the other. */
    private static short[] values(int count) {
        short[] bits = new short[count];
        for (int i = 0; i < count; i++) {
            short value = (short) (i * 31);
            bits[i] = (value & 0x7F80) == 0x7F80 ? (short) (value & 0x807F) : value;
        }
        return bits;
    }

    @Test
    void thisEngine_showsTheMemoryOfItsArrays() {
        assertTrue(ArrayMemory.isShown(manager));
        try (NDArray array = manager.zeros(new Shape(2, 3))) {
            ArrayMemory.of(array, 4, 2).putFloat(4, 7f);
            assertArrayEquals(new float[] {0, 0, 0, 0, 0, 7}, array.toFloatArray());
        }
    }

    @Test
    void bfloat16OfAnyLength_isWidenedBitForBit() throws IOException {
        Map<String, short[]> tensors = new LinkedHashMap<>();
        for (int count : new int[] {LARGE, 1, 2, 3, 4, 5, 65_535, 65_537, 1 << 20}) {
            tensors.put("w" + count, values(count));
        }
        write(tensors);
        try (SafetensorsReader reader = SafetensorsReader.open(file);
                WeightReader weights = new WeightReader()) {
            Map<String, NDArray> arrays = new LinkedHashMap<>();
            for (TensorInfo tensor : reader.tensors().values()) {
                arrays.put(tensor.name(), weights.begin(reader, tensor, true, manager));
            }
            weights.finish();
            tensors.forEach((name, bits) -> assertBits(bits, arrays.get(name)));
            tensors.forEach((name, bits) -> assertBits(bits, read(reader, name)));
        }
    }

    private NDArray read(SafetensorsReader reader, String name) {
        try {
            return reader.read(name, manager);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void assertBits(short[] bits, NDArray array) {
        assertEquals(DataType.FLOAT32, array.getDataType());
        float[] values = array.toFloatArray();
        assertEquals(bits.length, values.length);
        for (int i = 0; i < bits.length; i++) {
            if (Float.floatToRawIntBits(values[i]) != bits[i] << 16) {
                throw new AssertionError("element " + i + " of " + bits.length);
            }
        }
    }

    @Test
    void otherTypes_areReadAndMappedAsTheyAre() throws IOException {
        NDArray single = manager.arange((float) LARGE);
        NDArray twice = single.toType(DataType.FLOAT64, true).mul(manager.create(1d / 3));
        NDArray half = single.sin().toType(DataType.FLOAT16, true);
        SafetensorsWriter.write(
                file, Map.of("single", single, "double", twice, "half", half), Map.of());
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (boolean mapped : new boolean[] {true, false}) {
                try (WeightReader weights = new WeightReader()) {
                    NDArray[] found = {
                        weights.begin(reader, reader.tensor("single"), mapped, manager),
                        weights.begin(reader, reader.tensor("double"), mapped, manager),
                        weights.begin(reader, reader.tensor("half"), mapped, manager)
                    };
                    weights.finish();
                    assertTrue(single.contentEquals(found[0]));
                    assertTrue(twice.contentEquals(found[1]));
                    assertTrue(half.contentEquals(found[2]));
                }
            }
        }
    }

    @Test
    void theFirstTensorThatIsNotFinite_isNamedWithItsFirstElement() throws IOException {
        Map<String, short[]> tensors = new LinkedHashMap<>();
        tensors.put("good", values(LARGE));
        tensors.put("bad", values(LARGE));
        tensors.put("worse", values(3));
        tensors.get("bad")[1_600_000] = 0x7F80;
        tensors.get("bad")[2_400_001] = 0x7FC0;
        tensors.get("worse")[0] = 0x7FC0; // which a thread may find sooner
        write(tensors);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            for (int i = 0; i < 5; i++) {
                List<NDArray> arrays = new ArrayList<>();
                try (WeightReader weights = new WeightReader()) {
                    for (TensorInfo tensor : reader.tensors().values()) {
                        arrays.add(weights.begin(reader, tensor, true, manager));
                    }
                    Refusal.of(
                            "TensorNotFinite",
                            weights::finish,
                            "element 1600000 of 'bad' is Infinity");
                }
                arrays.forEach(NDArray::close);
            }
            assertEquals(LARGE, reader.read("good", manager).size()); // the file is still open
        }
        assertEquals(1, manager.getManagedArrays().size());
    }

    @Test
    void aMappedTensor_isLookedThroughToo() throws IOException {
        SafetensorsWriter.write(file, Map.of("w", manager.ones(new Shape(LARGE))), Map.of());
        try (SafetensorsReader reader = SafetensorsReader.open(file);
                WeightReader weights = new WeightReader()) {
            poison(reader.tensor("w"), LARGE - 1);
            weights.begin(reader, reader.tensor("w"), true, manager);
            String last = "element " + (LARGE - 1) + " of 'w' is NaN";
            Refusal.of("TensorNotFinite", weights::finish, last);
        }
    }

    @Test
    void whatWasReadAhead_isTheSame_andOnlyWhatIsBegunIsReported() throws IOException {
        NDArray good = manager.arange((float) LARGE);
        SafetensorsWriter.write(
                file, Map.of("bad", manager.ones(new Shape(7)), "good", good), Map.of());
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            poison(reader.tensor("bad"), 6);
            for (boolean mapped : new boolean[] {true, false}) {
                try (WeightReader weights = new WeightReader()) {
                    for (TensorInfo tensor : reader.tensors().values()) {
                        weights.ahead(reader, tensor, mapped);
                    }
                    NDArray read = weights.begin(reader, reader.tensor("good"), mapped, manager);
                    weights.finish();
                    assertTrue(good.contentEquals(read));
                    weights.begin(reader, reader.tensor("bad"), mapped, manager);
                    Refusal.of("TensorNotFinite", weights::finish, "element 6 of 'bad' is NaN");
                }
            }
        }
    }

    /** Makes an element of a tensor of F32 in the file a NaN. */
    private void poison(TensorInfo tensor, long element) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer nan = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
            channel.write(nan.putFloat(0, Float.NaN), tensor.offset() + 4 * element);
        }
    }

    @Test
    void anInterruption_endsTheReadingAndNotTheFile() throws IOException {
        write(Map.of("w", values(LARGE)));
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            try (WeightReader weights = new WeightReader()) {
                weights.begin(reader, reader.tensor("w"), true, manager);
                Thread.currentThread().interrupt();
                assertThrows(InterruptedIOException.class, weights::finish);
            } finally {
                assertTrue(Thread.interrupted(), "the caller still knows of it");
            }
            assertEquals(LARGE, reader.read("w", manager).size());
        }
    }

    @Test
    void anInterruption_isNoticed_alsoWhereThePartsHaveEnded() throws Exception {
        try (PartQueue queue = new PartQueue()) {
            Future<?> ended = queue.add(() -> {});
            ended.get();
            Thread.currentThread().interrupt();
            assertThrows(InterruptedIOException.class, () -> PartQueue.await(ended));
            assertTrue(Thread.interrupted(), "the caller still knows of it");
        }
    }

    @Test
    void closing_waitsForThePartsThatHaveBegun_andLeavesOutTheOthers() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        AtomicInteger done = new AtomicInteger();
        PartQueue queue = new PartQueue();
        for (int i = 0; i < 100; i++) {
            Future<?> unused =
                    queue.add(
                            () -> {
                                begun.countDown();
                                LockSupport.parkNanos(100_000_000);
                                done.incrementAndGet();
                            });
        }
        begun.await();
        queue.close();

        int atTheEnd = done.get();
        assertTrue(atTheEnd > 0 && atTheEnd < 100, () -> "parts: " + atTheEnd);
        Thread.sleep(300);
        assertEquals(atTheEnd, done.get());
        assertEquals(0, threads(), "threads that are left");
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(PartQueue.THREAD))
                .count();
    }
}
