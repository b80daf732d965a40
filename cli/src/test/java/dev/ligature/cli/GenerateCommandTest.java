package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.models.text.TextTokenizer;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GenerateCommandTest {
    private static final Path MODEL = Path.of("..", "examples", "demo", "base");
    private static final String PROMPT = "public static int max(int a, int b) {\n    return ";

    @TempDir Path folder;

    @Test
    void greedyText_takesTheLikeliestTokenOfTheLogitsEachTime() throws IOException {
        assertGreedy(MODEL);
    }

    @Test
    void textOfATokenizerThatStripsTheFirstBlank_isWhatTheWholeTextHasBeyondThePrompt()
            throws IOException {
        Path model = folder.resolve("model");
        copyOfDemo(model);
        Files.copy(
                Path.of("../models/src/test/resources/text/fallback/tokenizer.json"),
                model.resolve("tokenizer.json"),
                StandardCopyOption.REPLACE_EXISTING);
        assertGreedy(model);
    }

    private void assertGreedy(Path model) throws IOException {
        String text =
                CliRun.of("generate", "--model", model, "--prompt", PROMPT, "--max-new-tokens", 4)
                        .succeeded()
                        .out();

        try (TextTokenizer tokenizer = TextTokenizer.open(model.resolve("tokenizer.json"))) {
            long[] ids = tokenizer.encodePrompt(PROMPT);
            String prompt = tokenizer.decode(ids);
            for (int step = 0; step < 4; step++) {
                long next = likeliest(model, ids, folder.resolve("l" + step));
                ids = Arrays.copyOf(ids, ids.length + 1);
                ids[ids.length - 1] = next;
            }
            String whole = tokenizer.decode(ids);
            assertTrue(whole.startsWith(prompt), whole);
            assertEquals(whole.substring(prompt.length()) + System.lineSeparator(), text);
        }
    }

    @Test
    void drawnText_isThatOfTheSeed() {
        String first = drawn(1);

        assertEquals(first, drawn(1));
        assertNotEquals(first, drawn(2));
    }

    @Test
    void optionsThatLeaveOneToken_giveTheLikeliest() {
        String likeliest = drawn(1, "--temperature", 0);

        assertNotEquals(likeliest, drawn(1));
        assertEquals(likeliest, drawn(1, "--top-k", 1));
        assertEquals(likeliest, drawn(1, "--top-p", 1e-9));
        assertEquals(likeliest, drawn(1, "--min-p", 1));
        assertNotEquals(likeliest, drawn(1, "--temperature", 0, "--repetition-penalty", 100));
    }

    @Test
    void text_isGivenAsItIsMadeAndEndsWithALine() throws IOException {
        CliRun run =
                CliRun.of("generate", "--model", MODEL, "--prompt", "/*", "--max-new-tokens", 8)
                        .succeeded();

        assertTrue(run.out().endsWith(System.lineSeparator()));
        assertEquals("", run.err());
    }

    @Test
    void aTokenThatTheModelDoesNotKnow_isNamedByEveryCommandThatReadsText() throws IOException {
        Path model = folder.resolve("model");
        copyOfDemo(model);
        Path file = model.resolve("tokenizer.json");
        String added =
                "{\"id\": 4096, \"content\": \"<|tool|>\", \"special\": false,"
                        + " \"single_word\": false, \"lstrip\": false, \"rstrip\": false,"
                        + " \"normalized\": false}";
        Files.writeString(
                file,
                Files.readString(file).replaceFirst("\"added_tokens\": \\[", "$0" + added + ","));
        Path text = Files.writeString(folder.resolve("a.txt"), "the <|tool|> here ".repeat(99));
        String expected = "token id 4096 ('<|tool|>'), but the model knows the ids 0 to 4095";

        CliRun.of("generate", "--model", model, "--prompt", "the <|tool|>").refused(expected);
        CliRun.of("train", "--model", model, "--output", folder.resolve("o"), "--data", text)
                .refused(expected);
    }

    private static String drawn(int seed, Object... options) {
        List<Object> line =
                new ArrayList<>(List.of("generate", "--model", MODEL, "--prompt", PROMPT));
        line.addAll(List.of("--max-new-tokens", 12, "--seed", seed));
        line.addAll(List.of(options));
        if (!line.contains("--temperature")) {
            line.addAll(List.of("--temperature", 1));
        }
        return CliRun.of(line.toArray()).succeeded().out();
    }

    private static void copyOfDemo(Path target) throws IOException {
        Files.createDirectories(target);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(MODEL)) {
            for (Path file : files) {
                Files.copy(file, target.resolve(file.getFileName()));
            }
        }
    }

    private static long likeliest(Path model, long[] ids, Path file) throws IOException {
        String text = Arrays.stream(ids).mapToObj(Long::toString).collect(Collectors.joining(","));
        CliRun.of("logits", "--model", model, "--input-ids", text, "--output", file).succeeded();
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
