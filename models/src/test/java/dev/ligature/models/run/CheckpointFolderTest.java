package dev.ligature.models.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint is there whole or not at all, and only one training writes to a folder. */
final class CheckpointFolderTest {
    @TempDir Path temporary;

    private static void write(CheckpointFolder folder, int... steps) throws IOException {
        for (int step : steps) {
            folder.write(step, staged -> Files.writeString(staged.resolve("a"), "" + step));
        }
    }

    private static String list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .sorted()
                    .collect(Collectors.joining(" "));
        }
    }

    private static void assertRefused(String part, Executable call) {
        CheckpointException error = assertThrows(CheckpointException.class, call);
        assertEquals("RunCheckpoints", error.code());
        assertTrue(error.getMessage().contains(part), error.getMessage());
    }

    @Test
    void theLastOnes_areKept_byNumber() throws IOException {
        Path path = temporary.resolve("run");
        try (CheckpointFolder folder = CheckpointFolder.open(path, 2, false)) {
            write(folder, 8, 9, 10, 100);
        }
        assertEquals(".lock step-10 step-100", list(path));
        assertEquals(path.resolve("step-100"), CheckpointFolder.candidates(path).get(0));
        assertEquals(
                path.resolve("step-10"),
                CheckpointFolder.candidates(path.resolve("step-10")).get(0));
    }

    @Test
    void whatAKilledProcessLeft_isRemoved_andIsNoCheckpoint() throws IOException {
        Path path = Files.createDirectories(temporary.resolve("run"));
        for (String name :
                List.of(
                        "step-3",
                        "step-4.partial",
                        "step-2.removed",
                        ".step-5.x.partial",
                        "notes",
                        "mine.partial")) {
            Files.writeString(Files.createDirectory(path.resolve(name)).resolve("a"), "a");
        }
        assertEquals(path.resolve("step-3"), CheckpointFolder.candidates(path).get(0));
        CheckpointFolder.open(path, 2, true).close();
        assertEquals(".lock mine.partial notes step-3", list(path), "what is not ours stays");
    }

    @Test
    void aWriterThatFails_leavesTheOthers() throws IOException {
        Path path = temporary.resolve("run");
        try (CheckpointFolder folder = CheckpointFolder.open(path, 1, false)) {
            write(folder, 1);
            assertThrows(
                    IOException.class,
                    () ->
                            folder.write(
                                    2,
                                    staged -> {
                                        Files.writeString(staged.resolve("a"), "half");
                                        throw new IOException("no space left");
                                    }));
            assertEquals(".lock step-1", list(path));
        }
    }

    @Test
    void anotherTraining_isKeptOut() throws IOException {
        Path path = temporary.resolve("run");
        try (CheckpointFolder folder = CheckpointFolder.open(path, 2, false)) {
            write(folder, 1);
            assertRefused("another training", () -> CheckpointFolder.open(path, 2, true));
        }
        assertRefused("--resume", () -> CheckpointFolder.open(path, 2, false));
        CheckpointFolder.open(path, 2, true).close();
        assertRefused("no checkpoint", () -> CheckpointFolder.candidates(temporary));
        assertRefused("no checkpoint", () -> CheckpointFolder.candidates(path.resolve("step-7")));
    }

    @Test
    void otherSettings_areNamedWithBothValues() throws IOException {
        Path file = Files.writeString(temporary.resolve("f"), "abc");
        String digest = FileDigest.of(List.of(file));
        assertEquals("3 bytes of SHA-256 ", digest.substring(0, 19));
        Files.writeString(file, "abd");
        RunSettings begun = new RunSettings(Map.of("--data", digest));
        RunSettings here = new RunSettings(Map.of("--data", FileDigest.of(List.of(file))));
        begun.requireSame(begun, file);
        for (RunSettings other : List.of(here, new RunSettings(Map.of("--r", "3")))) {
            CheckpointException error =
                    assertThrows(CheckpointException.class, () -> other.requireSame(begun, file));
            assertEquals("RunSettings", error.code());
            assertTrue(error.getMessage().contains("was " + digest), error.getMessage());
        }
    }
}
