package dev.ligature.models.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Texts that are certainly too long, for tokenizers that may leave out parts of a text. */
final class WordBoundTest {
    private static final Path TEXTS = Path.of("src/test/resources/text");
    private static final int TEXT_COUNT = 3000;

    /** What texts are made of here: words, blanks, marks, and what normalizers leave out. */
    private static final List<String> PIECES =
            List.of(
                    " ",
                    "  ",
                    "\n",
                    "\t",
                    "\r\n",
                    "\u00a0",
                    "\u3000",
                    "\u200b",
                    "\u0000",
                    "\ufffd",
                    "\u0301",
                    "\u0308\u0304",
                    "a",
                    "B",
                    "7",
                    "word",
                    "unwordlike",
                    "Zürich",
                    "ΑΒΓ",
                    "жук",
                    "I\u0307",
                    "日本",
                    "語",
                    "カ\u3099",
                    "한국",
                    "\u1112\u1161\u11ab",
                    ".",
                    ",",
                    "...",
                    "!?",
                    "$",
                    "`",
                    "—",
                    "\u2581",
                    "\ue000",
                    "😀",
                    "<s>",
                    "<|tool|>",
                    "</s>",
                    "<unk>",
                    "x".repeat(150),
                    "ﬁ",
                    "①",
                    "\u0378",
                    "<| tool |>");

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"wordpiece", "metaspace"})
    void aTextWithSoManyTokens_isNeverSaidToHaveMore(String kind) throws IOException {
        Random random = new Random(7);
        try (TextTokenizer tokenizer = TextNumbersTest.open(kind)) {
            int refused = 0;
            for (int i = 0; i < TEXT_COUNT; i++) {
                StringBuilder text = new StringBuilder();
                for (int pieces = random.nextInt(40); pieces > 0; pieces--) {
                    text.append(PIECES.get(random.nextInt(PIECES.size())));
                }
                int tokens = tokenizer.encode(text.toString()).length;
                TokenBound bound = tokenizer.file().bound();
                assertFalse(bound.isExceeded(text.toString(), tokens), text::toString);
                refused += bound.isExceeded(text.toString(), 0) ? 1 : 0;
            }
            assertTrue(refused > TEXT_COUNT / 2, refused + " texts are known to have a token");
        }
    }

    @ParameterizedTest
    @CsvSource({"wordpiece,5", "metaspace,1"})
    void wordsBeyondTheMost_areRefused(String kind, int wordsOfToken) throws IOException {
        try (TextTokenizer tokenizer = TextNumbersTest.open(kind)) {
            TokenBound bound = tokenizer.file().bound();
            assertFalse(bound.isExceeded("word ".repeat(512 * wordsOfToken), 512));
            assertTrue(bound.isExceeded("word ".repeat(512 * wordsOfToken + 1), 512));
        }
    }

    @Test
    void linesMarksAndChineseCharacters_areWords_whereTheyAreSplit() throws IOException {
        try (TextTokenizer tokenizer = TextNumbersTest.open("wordpiece")) {
            TokenBound bound = tokenizer.file().bound();
            for (String word : List.of("word\n", "word\t", ".", "語", "é ", "ж ", "カ ", "한 ")) {
                String text = word.repeat(5 * 512 + 1);
                assertTrue(bound.isExceeded(text, 512), word);
                assertFalse(bound.isExceeded(text, tokenizer.encode(text).length), word);
            }
        }
        try (TextTokenizer tokenizer = TextNumbersTest.open("metaspace")) {
            TokenBound bound = tokenizer.file().bound();
            assertFalse(bound.isExceeded("word\n".repeat(10_000), 512), "one word for Metaspace");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"wordpiece", "metaspace"})
    void whatTakesFewTokens_isNeverRefused_howeverLongItIs(String kind) throws IOException {
        try (TextTokenizer tokenizer = TextNumbersTest.open(kind)) {
            TokenBound bound = tokenizer.file().bound();
            for (String text :
                    List.of(
                            " ".repeat(300_000),
                            "\n".repeat(300_000),
                            "\u200b".repeat(300_000) + "a",
                            "\u0301 ".repeat(300_000),
                            "x".repeat(300_000),
                            "y" + "\u0301".repeat(300_000))) {
                assertFalse(bound.isExceeded(text, 1), kind);
            }
            assertTrue(tokenizer.encode(" ".repeat(300_000)).length <= 300_000);
        }
        if (kind.equals("wordpiece")) {
            try (TextTokenizer tokenizer = TextNumbersTest.open(kind)) {
                assertEquals(0, tokenizer.encode(" ".repeat(300_000)).length);
                assertEquals(1, tokenizer.encode("x".repeat(300_000)).length, "one unknown word");
            }
        }
    }

    private static WordBound bound(String model, String normalizer, String splitter) {
        return WordBound.of(model, List.of("<a b.c>"), json(normalizer), json(splitter));
    }

    private static JsonElement json(String text) {
        return text.isEmpty() ? JsonNull.INSTANCE : JsonParser.parseString(text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "WordPiece|{'type':'BertNormalizer','handle_chinese_chars':true}|{'type':'BertPreTokenizer'}|6",
                "WordPiece|{'type':'Lowercase'}|{'type':'WhitespaceSplit'}|2",
                "Unigram|{'type':'Precompiled'}|{'type':'Metaspace'}|2",
                "Unigram|{'type':'Sequence','normalizers':[{'type':'Precompiled'},{'type':'Replace','pattern':{'Regex':' {2,}'},'content':'▁'}]}|{'type':'Sequence','pretokenizers':[{'type':'WhitespaceSplit'},{'type':'Metaspace'}]}|2",
                "Unigram|{'type':'NFKC'}|{'type':'Metaspace','split':false}|0",
                "Unigram|{'type':'Replace','pattern':{'String':' '},'content':''}|{'type':'Metaspace'}|0",
                "WordPiece|{'type':'Replace','pattern':{'Regex':'[a-z]'},'content':''}|{'type':'BertPreTokenizer'}|0",
                "WordPiece|{'type':'BertNormalizer'}|{'type':'Split','pattern':{'String':'a'},'behavior':'Removed'}|0",
                "WordPiece|{'type':'BertNormalizer'}|{'type':'Digits'}|0",
                "BPE|{'type':'NFKC'}|{'type':'Metaspace'}|0",
                "WordLevel||{'type':'Whitespace'}|0",
            })
    void theBoundFollows_fromWhatTheFileSays(
            String model, String normalizer, String splitter, int words) {
        String quoted = normalizer == null ? "" : normalizer.replace('\'', '"');
        assertEquals(words, bound(model, quoted, splitter.replace('\'', '"')).wordsOfToken());
    }

    @Test
    void anAddedTokenOfManyWords_isCountedOnce() throws IOException {
        JsonObject file =
                JsonParser.parseString(Files.readString(TEXTS.resolve("wordpiece/tokenizer.json")))
                        .getAsJsonObject();
        String text = "<one two, three>";
        JsonObject token = new JsonObject();
        token.addProperty("id", 300);
        token.addProperty("content", text);
        for (String no : List.of("single_word", "lstrip", "rstrip", "normalized")) {
            token.addProperty(no, false);
        }
        token.addProperty("special", true);
        file.getAsJsonArray("added_tokens").add(token);
        Path changed = folder.resolve("tokenizer.json");
        Files.writeString(changed, file.toString());
        try (TextTokenizer tokenizer = TextTokenizer.open(changed)) {
            assertEquals(500, tokenizer.encode(text.repeat(500)).length);
            assertFalse(tokenizer.file().bound().isExceeded(text.repeat(500), 500));
        }
    }
}
