package dev.ligature.models.chat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.util.Optional;
import java.util.UUID;

/**
 * A call of a function that a model asks for.
 *
 * @param id what the function's result refers to
 * @param name of the function
 * @param arguments a JSON object
 */
public record ToolCall(String id, String name, String arguments) {
    /**
     * Reads a call.
     *
     * @param text {@code {"name": …, "arguments": {…}}}, or with {@code parameters}
     * @return the call; empty if the text is something else
     */
    static Optional<ToolCall> read(String text) {
        try (JsonReader reader = new JsonReader(new StringReader(text))) {
            reader.setStrictness(Strictness.STRICT);
            JsonElement root = JsonParser.parseReader(reader);
            if (!(root instanceof JsonObject object) || reader.peek() != JsonToken.END_DOCUMENT) {
                return Optional.empty();
            }
            JsonElement name = object.get("name");
            JsonElement arguments =
                    object.has("arguments") ? object.get("arguments") : object.get("parameters");
            boolean isCall =
                    name != null
                            && name.isJsonPrimitive()
                            && name.getAsJsonPrimitive().isString()
                            && !name.getAsString().isEmpty()
                            && arguments instanceof JsonObject;
            return isCall
                    ? Optional.of(
                            new ToolCall(
                                    "call_" + UUID.randomUUID().toString().replace("-", ""),
                                    name.getAsString(),
                                    arguments.toString()))
                    : Optional.empty();
        } catch (IOException | JsonParseException | StackOverflowError e) {
            return Optional.empty();
        }
    }
}
