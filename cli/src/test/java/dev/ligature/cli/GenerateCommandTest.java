package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.models.text.TextTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GenerateCommandTest {
    private static final Path MODEL = Path.of("..", "examples", "demo", "base");
    private static final String PROMPT = "public static int max(int a, int b) {\n    return ";

    @TempDir Path folder;

    @Test
    void greedyText_takesTheLikeliestTokenOfTheLogitsEachTime() throws IOException {
        String text =
                CliRun.of("generate", "--model", MODEL, "--prompt", PROMPT, "--max-new-tokens", 4)
                        .succeeded()
                        .out();

        try (TextTokenizer tokenizer = TextTokenizer.open(MODEL.resolve("tokenizer.json"))) {
            long[] ids = tokenizer.encode(PROMPT);
            StringBuilder expected = new StringBuilder();
            for (int step = 0; step < 4; step++) {
                long next = likeliest(ids, folder.resolve("l" + step));
                expected.append(tokenizer.decode(new long[] {next}));
                ids = Arrays.copyOf(ids, ids.length + 1);
                ids[ids.length - 1] = next;
            }
            assertEquals(expected + System.lineSeparator(), text);
        }
    }

    @Test
    void drawnText_isThatOfTheSeed() {
        String first = drawn(1);

        assertEquals(first, drawn(1));
        assertNotEquals(first, drawn(2));
    }

    @Test
    void text_isGivenAsItIsMadeAndEndsWithALine() throws IOException {
        CliRun run =
                CliRun.of("generate", "--model", MODEL, "--prompt", "/*", "--max-new-tokens", 8)
                        .succeeded();

        assertTrue(run.out().endsWith(System.lineSeparator()));
        assertEquals("", run.err());
    }

    private static String drawn(int seed) {
        return CliRun.of(
                        "generate",
                        "--model",
                        MODEL,
                        "--prompt",
                        PROMPT,
                        "--max-new-tokens",
                        12,
                        "--temperature",
                        1,
                        "--seed",
                        seed)
                .succeeded()
                .out();
    }

    private static long likeliest(long[] ids, Path file) throws IOException {
        String text = Arrays.stream(ids).mapToObj(Long::toString).collect(Collectors.joining(","));
        CliRun.of("logits", "--model", MODEL, "--input-ids", text, "--output", file).succeeded();
        float[] logits = Cases.tensor(file, "logits"); // (1, T, V)
        int vocabulary = logits.length / ids.length;
        int best = 0;
        for (int id = 1; id < vocabulary; id++) {
            int last = logits.length - vocabulary;
            best = logits[last + id] > logits[last + best] ? id : best;
        }
        return best;
    }
}
