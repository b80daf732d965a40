package dev.ligature.internal.files;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.ligature.checkpoint.Refusal;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A write that does not come to its end says why. */
final class WriteEndTest {
    @TempDir private Path folder;

    @Test
    void anInterruptedOrClosedWrite_saysSo_andLeavesNothing() {
        Path out = folder.resolve("out");
        Refusal.of(
                "WriteFailed",
                () ->
                        StagedDirectory.create(
                                out,
                                staged -> {
                                    Thread.currentThread().interrupt();
                                    try {
                                        StagedFile.write(staged.resolve("a"), "text");
                                    } finally {
                                        Thread.interrupted();
                                    }
                                }),
                "its thread was interrupted");
        Refusal.of(
                "WriteFailed",
                () ->
                        StagedDirectory.create(
                                out,
                                staged -> {
                                    throw new ClosedChannelException();
                                }),
                "a file was closed while it was read or written");
        assertFalse(Files.exists(out));
    }

    @Test
    void aLinkToNothing_isNamed() throws IOException {
        Path link = folder.resolve("link");
        Files.createSymbolicLink(link, folder.resolve("nowhere"));
        Refusal.of(
                "OutputExists",
                () -> StagedDirectory.create(link, staged -> {}),
                "is a link to something that does not exist");
        Refusal.of(
                "OutputExists",
                () -> StagedDirectory.createOrReplace(link, List.of("a"), List.of(), staged -> {}),
                "is a link to something that does not exist");
    }
}
