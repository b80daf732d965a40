package dev.ligature.models.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A text that is said to have more tokens has more, whatever the tokenizer does to texts. */
final class TokenBoundTest {
    private static final Path TEXTS = Path.of("src/test/resources/text");

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"byte-level", "fallback", "metaspace", "wordpiece"})
    void aTextWithSoManyTokens_isNeverSaidToHaveMore(String kind) throws IOException {
        try (TextTokenizer tokenizer = TextNumbersTest.open(kind)) {
            for (JsonObject line : TextNumbersTest.lines(kind)) {
                notBeyond(tokenizer, line.get("text").getAsString());
            }
        }
    }

    private static void notBeyond(TextTokenizer tokenizer, String text) {
        int tokens = tokenizer.encode(text).length;
        assertFalse(tokenizer.file().bound().isExceeded(text, tokens), text);
    }

    @ParameterizedTest
    @CsvSource({"byte-level,36", "fallback,10", "metaspace,0", "wordpiece,0"})
    void theBytesOfAToken_areThoseOfTheLongest(String kind, int bytes) throws IOException {
        try (TextTokenizer tokenizer = TextNumbersTest.open(kind)) {
            TokenBound bound = tokenizer.file().bound();
            assertEquals(bytes, bound.bytesOfToken());
            assertFalse(bound.isExceeded("€".repeat(bytes), 3), "as many bytes as fit");
            assertEquals(bytes > 0, bound.isExceeded("€".repeat(bytes) + "x", 3));
        }
    }

    /** The tokenizer of byte-level BPE with another member. */
    private TextTokenizer with(String name, String value) throws IOException {
        JsonObject file =
                JsonParser.parseString(Files.readString(TEXTS.resolve("byte-level/tokenizer.json")))
                        .getAsJsonObject();
        if (name.equals("added_tokens")) {
            file.getAsJsonArray(name).add(JsonParser.parseString(value));
        } else {
            file.add(name, JsonParser.parseString(value));
        }
        Path changed = folder.resolve("tokenizer.json");
        Files.writeString(changed, file.toString());
        return TextTokenizer.open(changed);
    }

    @Test
    void charactersThatNormalizingJoins_countForLess() throws IOException {
        try (TextTokenizer tokenizer = with("normalizer", "{\"type\":\"NFC\"}")) {
            assertEquals(3 * 36, tokenizer.file().bound().bytesOfToken());
            notBeyond(tokenizer, "\u1112\u1161\u11ab".repeat(500)); // of one syllable each
            notBeyond(tokenizer, "u\u0308\u0304".repeat(500));
            notBeyond(tokenizer, "\u212a".repeat(500));
        }
    }

    @Test
    void blanksThatATokenSwallows_doNotCount() throws IOException {
        String token =
                "{\"id\":420,\"content\":\"<x>\",\"single_word\":false,\"lstrip\":false,"
                        + "\"rstrip\":true,\"normalized\":false,\"special\":true}";
        try (TextTokenizer tokenizer = with("added_tokens", token)) {
            String swallowed = "<x>" + " ".repeat(5000);
            assertEquals(1, tokenizer.encode(swallowed).length);
            notBeyond(tokenizer, swallowed);
            assertTrue(tokenizer.file().bound().isExceeded("y".repeat(37) + "\u2003", 1));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "normalizer|{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}",
                "normalizer|{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":\"StripAccents\"}]}",
                "normalizer|{\"type\":\"Replace\",\"pattern\":{\"String\":\"xx\"},\"content\":\"\"}",
                "normalizer|{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" +\"},\"content\":\" \"}",
                "pre_tokenizer|{\"type\":\"WhitespaceSplit\"}",
                "pre_tokenizer|{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},\"behavior\":\"Removed\",\"invert\":false},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true}]}",
            })
    void whereTextMayBeLeftOut_thereIsNoBound(String name, String value) throws IOException {
        try (TextTokenizer tokenizer = with(name, value)) {
            assertEquals(0, tokenizer.file().bound().bytesOfToken());
            assertFalse(tokenizer.file().bound().isExceeded("x".repeat(100_000), 1));
        }
    }
}
