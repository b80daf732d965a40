package dev.ligature.models.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.ligature.checkpoint.CheckpointException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Tokens and texts are those of Transformers; interop/make_text_numbers.py wrote them. */
final class TextNumbersTest {
    private static final Path TEXTS = Path.of("src/test/resources/text");
    private static final Gson GSON = new Gson();

    static List<String> kinds() {
        return List.of(
                "byte-level",
                "fallback",
                "metaspace",
                "wordpiece",
                "prefixed",
                "split",
                "unstripped",
                "accents",
                "suffixed");
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void tokensOfATextAndTheirText_areThoseOfTransformers(String kind) throws IOException {
        try (TextTokenizer tokenizer = open(kind)) {
            int checked = 0;
            for (JsonObject line : lines(kind)) {
                if (line.has("decoded")) {
                    String text = line.get("text").getAsString();
                    long[] ids = ids(line, "ids");
                    assertArrayEquals(ids, tokenizer.encode(text), text);
                    assertArrayEquals(ids(line, "prompted"), tokenizer.encodePrompt(text), text);
                    assertEquals(line.get("decoded").getAsString(), tokenizer.decode(ids), text);
                    checked++;
                }
            }
            assertEquals(1000, checked);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void aContinuation_isWhatTheWholeTextHasBeyondThePrompts(String kind) throws IOException {
        try (TextTokenizer tokenizer = open(kind)) {
            int checked = 0;
            for (JsonObject line : lines(kind)) {
                if (line.has("continuation")) {
                    String expected = line.get("continuation").getAsString();
                    long[] prompt = ids(line, "prompt");
                    long[] added = ids(line, "added");
                    assertEquals(expected, tokenizer.continuation(prompt, added), line::toString);
                    assertEquals(expected, streamed(tokenizer, prompt, added), line::toString);
                    checked++;
                }
            }
            assertEquals(1000, checked);
        }
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void halfASurrogatePair_isOneReplacementCharacterAndLeavesWholePairs(String kind)
            throws IOException {
        try (TextTokenizer tokenizer = open(kind)) {
            int checked = 0;
            int pairs = 0;
            for (JsonObject line : lines(kind)) {
                if (line.has("decoded") && line.get("text").getAsString().contains("\uFFFD")) {
                    String text = line.get("text").getAsString();
                    String halved = text.replace('\uFFFD', '\uDE00');
                    if (halved.codePoints().anyMatch(point -> point == 0xDE00)) {
                        assertArrayEquals(ids(line, "ids"), tokenizer.encode(halved), text);
                        assertArrayEquals(
                                ids(line, "prompted"), tokenizer.encodePrompt(halved), text);
                        checked++;
                        pairs += text.contains("😀") ? 1 : 0;
                    }
                }
            }
            assertTrue(checked > 50 && pairs > 0, checked + ", " + pairs);
        }
    }

    private static String streamed(TextTokenizer tokenizer, long[] prompt, long[] added) {
        TextStream stream = new TextStream(tokenizer, prompt);
        StringBuilder text = new StringBuilder();
        for (long id : added) {
            text.append(stream.add(id));
        }
        return text.append(stream.finish()).toString();
    }

    @Test
    void aFileThatIsMissing_orNoTokenizer_isAnErrorWithTheRemedy(@TempDir Path folder)
            throws IOException {
        Path file = folder.resolve("tokenizer.json");
        CheckpointException missing =
                assertThrows(CheckpointException.class, () -> TextTokenizer.open(file));
        assertEquals("TokenizerFile", missing.code());
        assertTrue(missing.getMessage().contains("There is no " + file), missing.getMessage());
        for (String text : List.of("", "[]", "{}", "{\"model\": {\"vocab\": 1}}")) {
            Files.writeString(file, text);
            CheckpointException damaged =
                    assertThrows(CheckpointException.class, () -> TextTokenizer.open(file), text);
            assertEquals("TokenizerFile", damaged.code());
            assertTrue(damaged.getMessage().contains("save_pretrained"), damaged.getMessage());
        }
    }

    static TextTokenizer open(String kind) throws IOException {
        return TextTokenizer.open(TEXTS.resolve(kind).resolve("tokenizer.json"));
    }

    static List<JsonObject> lines(String kind) throws IOException {
        Path file = TEXTS.resolve(kind).resolve("texts.jsonl.gz");
        try (BufferedReader reader =
                new BufferedReader(
                        new InputStreamReader(
                                new GZIPInputStream(Files.newInputStream(file)), UTF_8))) {
            return reader.lines().map(line -> GSON.fromJson(line, JsonObject.class)).toList();
        }
    }

    private static long[] ids(JsonObject line, String member) {
        return GSON.fromJson(line.get(member), long[].class);
    }
}
