package dev.ligature.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What reading and mapping leave of the file, and the file of them. */
class SafetensorsMappingTest {
    private NDManager manager;
    @TempDir private Path directory;
    private Path file;

    @BeforeEach
    void write() throws IOException {
        manager = NDManager.newBaseManager();
        file = directory.resolve("weights.safetensors");
        try (NDArray array = manager.arange(300_000f)) {
            SafetensorsWriter.write(file, Map.of("w", array, "v", array), Map.of());
        }
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void aWriteToAMappedArray_leavesTheFileAlone() throws IOException {
        byte[] before = Files.readAllBytes(file);
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            NDArray mapped = reader.map("w", manager);
            mapped.addi(mapped);
            assertEquals(2f, mapped.getFloat(1));
            assertEquals(1f, reader.read("w", manager).getFloat(1));
        }
        assertArrayEquals(before, Files.readAllBytes(file));
    }

    @Test
    void aReadArray_staysWhenTheFileIsCutShort() throws IOException {
        NDArray array;
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            array = reader.read("w", manager);
        }
        Files.write(file, new byte[1]);
        assertEquals(299_999f, array.getFloat(299_999));
    }

    @Test
    void aMappedArray_staysWhenTheReaderIsClosedAndTheFileReplaced() throws IOException {
        NDArray array;
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            array = reader.map("w", manager);
        }
        SafetensorsWriter.write(file, Map.of("w", array.zerosLike()), Map.of());
        assertEquals(299_999f, array.getFloat(299_999));
    }

    @Test
    void aFileThatBecameShorter_isAnErrorAndNoLeak() throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(file)) {
            int before = manager.getManagedArrays().size();
            byte[] whole = Files.readAllBytes(file);
            Files.write(file, Arrays.copyOf(whole, whole.length - 8));
            Refusal.of("CheckpointChanged", () -> reader.map("w", manager), "changed");
            Refusal.of("CheckpointChanged", () -> reader.read("w", manager), "shorter");
            assertEquals(before, manager.getManagedArrays().size());
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX) // which shows a process its mappings
    void mappings_areGoneAfterTheirArrays() throws IOException, InterruptedException {
        Path maps = Path.of("/proc/self/maps");
        for (int i = 0; i < 20; i++) {
            try (SafetensorsReader reader = SafetensorsReader.open(file);
                    NDArray w = reader.map("w", manager);
                    NDArray v = reader.read("v", manager)) {
                assertEquals(w.getFloat(7), v.getFloat(7));
            }
        }
        long left = Long.MAX_VALUE;
        for (int i = 0; i < 50 && left > 0; i++) {
            System.gc();
            Thread.sleep(20);
            try (Stream<String> lines = Files.lines(maps)) {
                left = lines.filter(line -> line.contains(file.toString())).count();
            }
        }
        assertEquals(0, left);
    }
}
