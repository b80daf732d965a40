package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.ligature.models.text.Document;
import dev.ligature.models.text.DocumentReader;
import dev.ligature.models.text.HeldOutSplit;
import dev.ligature.models.text.TextTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The numbers are those that the Python reader counts; interop/README.md states them. */
final class DemoCorpusTest {
    private static final Path CORPUS = Path.of("target", "corpus");
    private static final Path TOKENIZER =
            Path.of("..", "examples", "demo", "base", "tokenizer.json");

    @Test
    void kotlinDocumentsAndTokens_areThoseOfThePythonReader() throws IOException {
        HeldOutSplit split =
                split(
                        List.of(
                                CORPUS.resolve("kotlin-stdlib-sources.jar")
                                        + "!/commonMain/kotlin/"));

        assertEquals(177, split.training().size());
        assertEquals(15, split.heldOut().size());
        assertEquals(1_269_802, characters(split.training()));
        assertEquals(214_883, characters(split.heldOut()));
        try (TextTokenizer tokenizer = TextTokenizer.open(TOKENIZER)) {
            int[] heldOut = tokenizer.stream(split.heldOut(), 0);
            assertEquals(68_352 + 15, heldOut.length); // one end of text after each document
            assertEquals(0, heldOut[heldOut.length - 1]);
        }
    }

    @Test
    void javaDocuments_areThoseOfThePythonReader() throws IOException {
        HeldOutSplit split =
                split(
                        Stream.of(
                                        "guava",
                                        "commons-lang3",
                                        "commons-collections4",
                                        "commons-io",
                                        "commons-text",
                                        "commons-compress")
                                .map(name -> CORPUS.resolve(name + "-sources.jar") + "!/*.java")
                                .toList());

        assertEquals(1913, split.training().size());
        assertEquals(100, split.heldOut().size());
        assertEquals(17_327_212, characters(split.training()));
        assertEquals(888_122, characters(split.heldOut()));
    }

    private static HeldOutSplit split(List<String> sources) throws IOException {
        return HeldOutSplit.of(new DocumentReader(true).read(sources), 20);
    }

    private static long characters(List<Document> documents) {
        return documents.stream().mapToLong(document -> document.text().length()).sum();
    }
}
