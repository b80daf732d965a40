package dev.ligature.models.text;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the files beside a {@code tokenizer.json} say that changes what Transformers makes of texts.
 *
 * @param cleansUp {@code clean_up_tokenization_spaces}
 * @param splitsSpecial {@code split_special_tokens}: special tokens in a text are ordinary text
 * @param tokens the tokens that they add
 */
record TokenizerSettings(boolean cleansUp, boolean splitsSpecial, Set<String> tokens) {
    private static final List<String> TOKEN_LISTS =
            List.of("additional_special_tokens", "extra_special_tokens");

    /** Copies the set. */
    TokenizerSettings {
        tokens = Set.copyOf(tokens);
    }

    /**
     * Reads the files.
     *
     * @param tokenizer the {@code tokenizer.json}
     * @throws IOException if one cannot be read, or is not a JSON object
     */
    static TokenizerSettings read(Path tokenizer) throws IOException {
        JsonObject config = object(tokenizer.resolveSibling("tokenizer_config.json"));
        JsonObject map = object(tokenizer.resolveSibling("special_tokens_map.json"));
        Set<String> tokens =
                new TreeSet<>(object(tokenizer.resolveSibling("added_tokens.json")).keySet());
        for (String list : TOKEN_LISTS) {
            add(config.get(list), tokens);
            add(map.get(list), tokens);
        }
        add(config.get("added_tokens_decoder"), tokens);
        return new TokenizerSettings(
                isTrue(config, "clean_up_tokenization_spaces"),
                isTrue(config, "split_special_tokens"),
                tokens);
    }

    private static JsonObject object(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            return new JsonObject();
        }
        try (Reader reader = Files.newBufferedReader(file)) {
            return JsonParser.parseReader(reader).getAsJsonObject();
        } catch (JsonParseException | IllegalStateException e) {
            throw new IOException(file + " is not a JSON object: " + e.getMessage(), e);
        }
    }

    private static boolean isTrue(JsonObject fields, String name) {
        JsonElement value = fields.get(name);
        return value != null && value.isJsonPrimitive() && value.getAsBoolean();
    }

    /** Takes the tokens of a list or of the values of an object, texts or objects with a text. */
    private static void add(@Nullable JsonElement from, Set<String> tokens) {
        if (from instanceof JsonArray list) {
            list.forEach(token -> addOne(token, tokens));
        } else if (from instanceof JsonObject object) {
            for (Map.Entry<String, JsonElement> entry : object.entrySet()) {
                addOne(entry.getValue(), tokens);
            }
        }
    }

    private static void addOne(JsonElement token, Set<String> tokens) {
        JsonElement content = token instanceof JsonObject object ? object.get("content") : token;
        if (content != null && content.isJsonPrimitive()) {
            tokens.add(content.getAsString());
        }
    }
}
