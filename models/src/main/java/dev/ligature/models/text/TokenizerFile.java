package dev.ligature.models.text;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * What a {@code tokenizer.json} says of its vocabulary, which the native tokenizer does not tell.
 *
 * @param vocabularySize one more than the largest token id
 * @param addedTokens the ids of the tokens that were added to the model's, by their text
 */
public record TokenizerFile(int vocabularySize, Map<String, Integer> addedTokens) {
    /** Copies the map. */
    public TokenizerFile {
        addedTokens = Map.copyOf(addedTokens);
    }

    /**
     * Reads a file.
     *
     * @param file the {@code tokenizer.json}
     * @throws IOException if it cannot be read or is no tokenizer
     */
    public static TokenizerFile read(Path file) throws IOException {
        try (Reader reader = Files.newBufferedReader(file)) {
            JsonObject root = JsonParser.parseReader(reader).getAsJsonObject();
            int largest = -1;
            JsonObject model = root.getAsJsonObject("model");
            for (Map.Entry<String, JsonElement> entry : model.getAsJsonObject("vocab").entrySet()) {
                largest = Math.max(largest, entry.getValue().getAsInt());
            }
            Map<String, Integer> added = new TreeMap<>();
            for (JsonElement element : root.getAsJsonArray("added_tokens")) {
                JsonObject token = element.getAsJsonObject();
                int id = token.get("id").getAsInt();
                added.put(token.get("content").getAsString(), id);
                largest = Math.max(largest, id);
            }
            return new TokenizerFile(largest + 1, added);
        } catch (JsonParseException
                | IllegalStateException
                | NullPointerException
                | ClassCastException
                | NumberFormatException e) { // Gson's ways to say that a member is not as expected
            throw new IOException(
                    file + " is not a tokenizer with a vocabulary: " + e.getMessage(), e);
        }
    }

    /**
     * Returns the id of an added token.
     *
     * @param text the token's text
     */
    public OptionalInt addedToken(String text) {
        Integer id = addedTokens.get(text);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }
}
