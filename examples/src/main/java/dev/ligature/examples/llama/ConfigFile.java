package dev.ligature.examples.llama;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.diag.JsonFault;
import java.io.EOFException;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads a JSON object from a file into maps, lists, strings, numbers, booleans and nulls. */
final class ConfigFile {
    private ConfigFile() {}

    /**
     * Reads a file.
     *
     * @throws CheckpointException if it is no JSON object, or has a field twice
     */
    static Map<String, @Nullable Object> read(Path file) throws IOException {
        try (JsonReader reader =
                new JsonReader(Files.newBufferedReader(file, StandardCharsets.UTF_8))) {
            reader.setStrictness(Strictness.STRICT);
            Map<String, @Nullable Object> fields = object(reader, file);
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw new CheckpointException(
                        "ConfigJson", file + " goes on behind its object. Remove what follows it.");
            }
            return fields;
        } catch (MalformedJsonException
                | EOFException
                | CharacterCodingException
                | IllegalStateException e) {
            throw new CheckpointException(
                    "ConfigJson",
                    file
                            + " is not a JSON object: "
                            + JsonFault.of(e)
                            + ". Correct it, or get the checkpoint again.",
                    e);
        }
    }

    private static Map<String, @Nullable Object> object(JsonReader reader, Path file)
            throws IOException {
        Map<String, @Nullable Object> fields = new LinkedHashMap<>();
        reader.beginObject();
        while (reader.hasNext()) {
            String name = reader.nextName();
            if (fields.containsKey(name)) {
                throw new CheckpointException(
                        "ConfigJson",
                        file + " has the field " + reader.getPath() + " twice. Remove one.");
            }
            fields.put(name, value(reader, file));
        }
        reader.endObject();
        return fields;
    }

    private static @Nullable Object value(JsonReader reader, Path file) throws IOException {
        return switch (reader.peek()) {
            case BEGIN_OBJECT -> object(reader, file);
            case BEGIN_ARRAY -> array(reader, file);
            case BOOLEAN -> reader.nextBoolean();
            case NUMBER -> new BigDecimal(reader.nextString());
            case NULL -> {
                reader.nextNull();
                yield null;
            }
            default -> reader.nextString();
        };
    }

    private static List<@Nullable Object> array(JsonReader reader, Path file) throws IOException {
        List<@Nullable Object> elements = new ArrayList<>();
        reader.beginArray();
        while (reader.hasNext()) {
            elements.add(value(reader, file));
        }
        reader.endArray();
        return elements;
    }
}
