package dev.ligature.models.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A text is cut as the tokenizers of Hugging Face cut it themselves. */
final class TokenizedTextTest {
    private static final Path BYTES = Path.of("src/test/resources/text/byte-level/tokenizer.json");
    private static final Path FILE = Path.of("src/test/resources/tasks/tokenizer.json");

    @Test
    void aText_isCutAsHuggingFaceCutsIt() throws IOException {
        try (TextTokenizer ours = TextTokenizer.open(FILE)) {
            for (int most = 3; most < 12; most++) {
                try (HuggingFaceTokenizer theirs = cutting(most)) {
                    for (String text : List.of("a bc def", "abcdefgh", "", "a b c d e f")) {
                        assertSame(theirs.encode(text), ours.tokenize(text).cut(most));
                    }
                }
            }
        }
    }

    @Test
    void aPair_losesTheTokensOfTheLongerText() throws IOException {
        try (TextTokenizer ours = TextTokenizer.open(FILE)) {
            for (int most = 4; most < 16; most++) {
                try (HuggingFaceTokenizer theirs = cutting(most)) {
                    for (String[] pair :
                            new String[][] {
                                {"a", "b c d e f g"},
                                {"a b c d e f g", "h"},
                                {"a b c", "d e f"},
                                {"abc d", "ef g h"},
                                {"a b c d", "efg"}
                            }) {
                        assertSame(
                                theirs.encode(pair[0], pair[1]),
                                ours.tokenize(pair[0], pair[1]).cut(most));
                    }
                }
            }
        }
    }

    @Test
    void halfAPair_isOneUnknownCharacter() throws IOException {
        String half = "\uD83D";
        // Bytes tell all characters apart, where words and pieces of them may make [UNK] of both.
        try (TextTokenizer ours = TextTokenizer.open(BYTES)) {
            assertArrayEquals(
                    ours.tokenize("a \uFFFD b").ids(), ours.tokenize("a " + half + " b").ids());
            assertArrayEquals(
                    ours.tokenize(List.of("a", "\uFFFD", "b")).ids(),
                    ours.tokenize(List.of("a", half, "b")).ids());
            assertArrayEquals(
                    ours.tokenize("\uFFFD", "\uFFFD\uFFFD").ids(),
                    ours.tokenize(half, half + half).ids());
        }
    }

    @Test
    void words_areFoundAgainAfterACut() throws IOException {
        try (TextTokenizer ours = TextTokenizer.open(FILE)) {
            TokenizedText text = ours.tokenize(List.of("ab", "c", "def"));
            assertEquals(8, text.length());
            TokenizedText cut = text.cut(6);
            assertArrayEquals(new long[] {0, 0, 1, 2}, words(cut));
        }
    }

    private static long[] words(TokenizedText text) {
        return java.util.stream.IntStream.range(0, text.length())
                .filter(token -> !text.isSpecial(token))
                .mapToLong(token -> text.words()[token])
                .toArray();
    }

    private static HuggingFaceTokenizer cutting(int most) throws IOException {
        return HuggingFaceTokenizer.newInstance(
                FILE,
                Map.of(
                        "truncation", "longest_first",
                        "padding", "false",
                        "maxLength", String.valueOf(most),
                        "modelMaxLength", "100"));
    }

    private static void assertSame(Encoding expected, TokenizedText actual) {
        assertArrayEquals(expected.getIds(), actual.ids());
        assertArrayEquals(expected.getTypeIds(), actual.types());
    }
}
