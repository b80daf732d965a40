package dev.ligature.models.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.checkpoint.CheckpointException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the files beside a tokenizer.json say. */
final class TokenizerSettingsTest {
    @TempDir Path folder;

    private Path file;

    @BeforeEach
    void copy() throws IOException {
        Path from = Path.of("src/test/resources/text/byte-level/tokenizer.json");
        file = Files.copy(from, folder.resolve("tokenizer.json"));
    }

    private String logged() throws IOException {
        PrintStream before = System.err;
        ByteArrayOutputStream log = new ByteArrayOutputStream();
        System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
        try (TextTokenizer tokenizer = TextTokenizer.open(file)) {
            assertTrue(tokenizer.encode("a").length > 0);
        } finally {
            System.setErr(before);
        }
        return log.toString(StandardCharsets.UTF_8);
    }

    /** Transformers adds each of them, of each of these files. */
    @Test
    void tokensThatOnlyTheOtherFilesHave_areWarnedOf() throws IOException {
        Map<String, String> files =
                Map.of(
                        "{\"additional_special_tokens\": [\"<|new|>\", \"<|tool|>\"]}",
                        "tokenizer_config.json",
                        "{\"extra_special_tokens\": {\"image_token\": \"<|new|>\"}}",
                        "tokenizer_config.json",
                        "{\"added_tokens_decoder\": {\"500\": {\"content\": \"<|new|>\"}}}",
                        "tokenizer_config.json",
                        "{\"additional_special_tokens\": [{\"content\": \"<|new|>\"}]}",
                        "special_tokens_map.json",
                        "{\"<|new|>\": 500, \"<|tool|>\": 3}",
                        "added_tokens.json");
        for (Map.Entry<String, String> each : files.entrySet()) {
            Path other = folder.resolve(each.getValue());
            Files.writeString(other, each.getKey());
            String log = logged();
            assertTrue(log.contains("[TokenizerTokens] " + file + " does not have"), log);
            assertTrue(log.contains("the tokens <|new|>, which"), log);
            Files.delete(other);
        }
        Files.writeString(
                folder.resolve("tokenizer_config.json"),
                "{\"additional_special_tokens\": [\"<|tool|>\"], \"pad_token\": \"[PAD]\","
                        + " \"split_special_tokens\": false, \"added_tokens_decoder\": null}");
        assertFalse(logged().contains("TokenizerTokens"));
    }

    @Test
    void splittingSpecialTokens_isRefused() throws IOException {
        Path config = folder.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"split_special_tokens\": true}");
        CheckpointException error =
                assertThrows(CheckpointException.class, () -> TextTokenizer.open(file));
        assertEquals("TokenizerFile", error.code());
        assertTrue(error.getMessage().contains(config + ": split_special_tokens"), "" + error);
        for (String text : List.of("[]", "x")) {
            Files.writeString(config, text);
            IOException damaged = assertThrows(IOException.class, () -> TextTokenizer.open(file));
            assertTrue(damaged.getMessage().startsWith(config + " is not a JSON"), "" + damaged);
        }
    }
}
