package dev.ligature.models.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TextStreamTest {
    @Test
    void textOfSeveralTokens_isGivenWhenItIsWhole() throws IOException {
        String text = "val s = \"é 😀 日本\" // done";
        try (TextTokenizer tokenizer =
                TextTokenizer.open(Path.of("../examples/demo/base/tokenizer.json"))) {
            TextStream stream = new TextStream(tokenizer);
            List<String> pieces = new ArrayList<>();
            for (long id : tokenizer.encode(text)) {
                pieces.add(stream.add(id));
            }
            pieces.add(stream.finish());

            assertEquals(text, String.join("", pieces));
            assertTrue(pieces.contains("😀"), () -> "the bytes of 😀 come as one: " + pieces);
            assertTrue(pieces.stream().noneMatch(piece -> piece.contains("\uFFFD")));
        }
    }

    @Test
    void whatNeverBecameACharacter_isGivenAtTheEnd() throws IOException {
        try (TextTokenizer tokenizer =
                TextTokenizer.open(Path.of("../examples/demo/base/tokenizer.json"))) {
            long[] ids = tokenizer.encode("😀"); // several tokens, of a few bytes each
            TextStream stream = new TextStream(tokenizer);

            assertEquals("", stream.add(ids[0]));
            assertEquals("\uFFFD", stream.finish());
        }
    }
}
