package dev.ligature.processor.consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The user's project: a library of nested models, and an application with a model of them. */
final class Consumer {
    static final Path SOURCES = Path.of("src", "test", "consumers");

    private static final String PRINTED =
            """
            embed_tokens
            layers.*.proj
            layers.*.gate
            lm_head
            module embed_tokens INPUT_EMBEDDING
            module layers.0.proj MODULE
            module layers.1.proj MODULE
            module lm_head OUTPUT_HEAD
            tie lm_head embed_tokens
            bound true
            Names[names=[proj, embed_tokens]]
            """;

    private Consumer() {}

    /** Copies the sources of a part into a folder. */
    static void copy(String part, Path folder) throws IOException {
        Path from = SOURCES.resolve(part);
        for (Path file : files(from, ".java")) {
            Path to = folder.resolve(from.relativize(file).toString());
            Files.createDirectories(to.getParent());
            Files.copy(file, to);
        }
    }

    /** Returns the files below a folder whose names end as given, sorted. */
    static List<Path> files(Path folder, String end) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(end)).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Checks what the application prints. */
    static void assertRuns(Command command) {
        String printed = command.succeeded().output().replace("\r\n", "\n");
        assertEquals(PRINTED, printed);
    }
}
