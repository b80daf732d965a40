package dev.ligature.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.LoraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copies of folders of a Hadoop file system. */
class RemoteFilesTest {
    @TempDir Path folder;
    private Path there;
    private Path cache;
    private RemoteFiles files;

    @BeforeEach
    void write() throws IOException {
        there = Files.createDirectories(folder.resolve("there"));
        cache = folder.resolve("cache");
        Files.createDirectories(there.resolve("model/sub"));
        Files.writeString(there.resolve("model/config.json"), "one");
        Files.writeString(there.resolve("model/sub/deep"), "two");
        files = new RemoteFiles(cache.toString(), settings());
    }

    private Map<String, String> settings() {
        return Map.of(
                "fs.other.impl",
                OtherFileSystem.class.getName(),
                "fs.other.impl.disable.cache",
                "true",
                OtherFileSystem.ROOT,
                there.toString());
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void aFolder_isCopiedWhole_once() throws Exception {
        Path copy = files.copy("other:/model");
        Files.writeString(copy.resolve("config.json"), "touched here");

        assertEquals(copy, files.copy("other:/model"));
        assertEquals("touched here", Files.readString(copy.resolve("config.json")));
        assertEquals(List.of("config.json", "sub/deep"), names(copy));
        assertEquals("two", Files.readString(copy.resolve("sub/deep")));
    }

    @Test
    void aFolderThatChanged_isCopiedAnew_andTheFormerStays() throws Exception {
        Path first = files.copy("other:/model");
        Files.writeString(there.resolve("model/config.json"), "longer than one");

        Path second = files.copy("other:/model");

        assertNotEquals(first, second);
        assertEquals("one", Files.readString(first.resolve("config.json")));
        assertEquals("longer than one", Files.readString(second.resolve("config.json")));
    }

    @Test
    void manyThreads_makeOneCopy() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(8);
        try {
            List<Future<Path>> copies =
                    IntStream.range(0, 16)
                            .mapToObj(i -> pool.submit(() -> files.copy("other:/model")))
                            .toList();
            for (Future<Path> copy : copies) {
                assertEquals(copies.get(0).get(), copy.get());
            }
        } finally {
            pool.shutdown();
        }
        try (Stream<Path> left = Files.list(cache)) {
            assertEquals(2, left.count()); // the copy and the lock
        }
    }

    @Test
    void adapters_areCopiedByName_replacedAndRemoved() throws Exception {
        Files.createDirectories(there.resolve("adapters/legal"));
        Files.writeString(there.resolve("adapters/legal/adapter_config.json"), "{}");
        Files.createDirectories(there.resolve("adapters/other"));
        Path root = files.adapters("other:/adapters");
        Path copy = root.resolve("legal").resolve("adapter_config.json");

        files.refresh("other:/adapters", "legal");
        assertEquals("{}", Files.readString(copy));
        assertFalse(Files.exists(root.resolve("other")));

        Files.writeString(there.resolve("adapters/legal/adapter_config.json"), "{\"r\": 4}");
        files.refresh("other:/adapters", "legal");
        assertEquals("{\"r\": 4}", Files.readString(copy));

        Files.delete(there.resolve("adapters/legal/adapter_config.json"));
        Files.delete(there.resolve("adapters/legal"));
        files.refresh("other:/adapters", "legal");
        assertFalse(Files.exists(root.resolve("legal")));

        files.refresh("other:/adapters", "../model");
        assertFalse(Files.exists(root.getParent().resolve("model")));
    }

    @Test
    void aFolderThatIsMissing_isRefused() {
        LoraException error = assertThrows(LoraException.class, () -> files.copy("other:/absent"));

        assertTrue(
                error.getMessage()
                        .startsWith("[SparkFiles] There is no folder other:/absent on its file"),
                error.getMessage());
    }
}
