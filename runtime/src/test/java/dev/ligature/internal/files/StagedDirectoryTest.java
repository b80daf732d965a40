package dev.ligature.internal.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StagedDirectoryTest {
    @TempDir Path folder;

    @Test
    void aWriterThatComesLater_leavesTheFilesOfTheFirst() throws Exception {
        Path output = folder.resolve("out");
        StagedDirectory.create(
                output,
                staged -> {
                    Files.writeString(staged.resolve("a"), "first");
                    CheckpointException error =
                            assertThrows(
                                    CheckpointException.class,
                                    () ->
                                            StagedDirectory.create(
                                                    output,
                                                    other ->
                                                            Files.writeString(
                                                                    other.resolve("a"), "second")));
                    assertEquals("OutputExists", error.code());
                    assertTrue(error.getMessage().contains("out.partial"), error.getMessage());
                });
        assertEquals("first", Files.readString(output.resolve("a")));
    }

    @Test
    void ofWritersAtOnce_oneSucceeds() throws Exception {
        for (int i = 0; i < 100; i++) {
            Path output = folder.resolve("out" + i);
            Thread[] writers = new Thread[2];
            for (int w = 0; w < writers.length; w++) {
                writers[w] =
                        new Thread(
                                () -> {
                                    try {
                                        StagedDirectory.create(
                                                output,
                                                staged ->
                                                        Files.writeString(
                                                                staged.resolve("a"), "whole"));
                                    } catch (IOException e) {
                                        // The other one is faster.
                                    }
                                });
            }
            for (Thread writer : writers) {
                writer.start();
            }
            for (Thread writer : writers) {
                writer.join();
            }
            assertEquals("whole", Files.readString(output.resolve("a")));
        }
    }
}
