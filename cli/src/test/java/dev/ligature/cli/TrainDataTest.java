package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data that train looks through before it trains. */
final class TrainDataTest {
    private static final Path MODEL = Path.of("..", "examples", "demo", "base");
    private static final int GOOD = 60;

    @TempDir Path folder;

    /** The only step would hardly come to the one bad line. */
    @Test
    void aLineThatIsWrong_isFoundBeforeTheFirstStep() throws IOException {
        String good = "{\"prompt\": \"int \", \"completion\": \"size() {\"}\n";
        Path data =
                Files.writeString(
                        folder.resolve("lines.jsonl"), good.repeat(GOOD) + "{\"prompt\": \"a\"}\n");
        Path output = folder.resolve("adapter");
        CliRun.of(
                        "train",
                        "--model",
                        MODEL,
                        "--data",
                        data,
                        "--output",
                        output,
                        "--steps",
                        1,
                        "--batch-size",
                        1)
                .refused("[DataField]", data + ", line " + (GOOD + 1), "completion");
        assertFalse(Files.exists(output));
    }
}
