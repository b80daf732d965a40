package dev.ligature.models.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A text that is encoded in pieces has the tokens of the whole text. */
final class LongTextTest {
    @ParameterizedTest
    @ValueSource(strings = {"byte-level", "fallback", "metaspace", "wordpiece"})
    void tokensOfPieces_areThoseOfTheWholeText(String kind) throws IOException {
        try (TextTokenizer tokenizer = TextNumbersTest.open(kind)) {
            String text = text(TextNumbersTest.lines(kind), 2 * LongText.PIECE + 77);
            assertArrayEquals(tokenizer.encode(text), stream(tokenizer, text));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"byte-level", "fallback", "metaspace", "wordpiece"})
    void aTextThatOffersNoPlaceToJoin_isEncodedInALargerPiece(String kind) throws IOException {
        try (TextTokenizer tokenizer = TextNumbersTest.open(kind)) {
            List<JsonObject> lines = TextNumbersTest.lines(kind);
            String ordinary = text(lines, LongText.PIECE - LongText.OVERLAP);
            // One word, unknown or of few tokens, where two pieces overlap.
            String text = ordinary + "\u0b95".repeat(3 * LongText.OVERLAP) + text(lines, 20_000);
            assertArrayEquals(tokenizer.encode(text), stream(tokenizer, text));
        }
    }

    @Test
    void anInterruptedThread_readsNoFurther() throws IOException {
        try (TextTokenizer tokenizer = TextNumbersTest.open("byte-level")) {
            Thread.currentThread().interrupt();
            assertThrows(InterruptedIOException.class, () -> stream(tokenizer, "a"));
        } finally {
            assertTrue(Thread.interrupted());
        }
    }

    private static long[] stream(TextTokenizer tokenizer, String text) throws IOException {
        int[] tokens = tokenizer.stream(List.of(new Document("text", text)), 2);
        return Arrays.stream(tokens).limit(tokens.length - 1L).asLongStream().toArray();
    }

    private static String text(List<JsonObject> lines, int length) {
        Random random = new Random(3);
        StringBuilder text = new StringBuilder();
        while (text.length() < length) {
            text.append(lines.get(random.nextInt(1000)).get("text").getAsString());
        }
        return text.toString();
    }
}
