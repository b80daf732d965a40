package dev.ligature.models.text;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;

/** Texts of a JSONL file: an object with the field {@code text} in each line. */
final class JsonLines {
    private static final String FIELD = "text";
    private static final String REMEDY = ". Write {\"text\": \"…\"} in each line.";

    private JsonLines() {}

    /**
     * Returns the text of each line that is not blank, named by the file and the line's number.
     *
     * @param name what the file is called in the names of the documents
     * @param origin what it is called in errors
     * @param content what the file holds
     * @throws IOException if a line has no text; the message names file, line and remedy
     */
    static List<Document> read(String name, String origin, String content) throws IOException {
        List<Document> documents = new ArrayList<>();
        int number = 0;
        for (String line : (Iterable<String>) content.lines()::iterator) {
            number++;
            if (!line.isBlank()) {
                String text = text(line, origin + ", line " + number + ": ");
                documents.add(new Document(name + ":" + number, text));
            }
        }
        return documents;
    }

    private static String text(String line, String place) throws IOException {
        JsonObject object = object(line, place);
        JsonElement text = object.get(FIELD);
        if (text == null) {
            throw new IOException(
                    place + "the object has no field text, only " + object.keySet() + REMEDY);
        }
        if (!text.isJsonPrimitive() || !text.getAsJsonPrimitive().isString()) {
            throw new IOException(place + "text is " + text + ", which is not a string.");
        }
        return text.getAsString();
    }

    private static JsonObject object(String line, String place) throws IOException {
        try (JsonReader reader = new JsonReader(new StringReader(line))) {
            reader.setStrictness(Strictness.STRICT);
            JsonElement element = JsonParser.parseReader(reader);
            if (element.isJsonObject() && reader.peek() == JsonToken.END_DOCUMENT) {
                return element.getAsJsonObject();
            }
        } catch (JsonParseException | MalformedJsonException e) {
            throw new IOException(place + "this is not JSON: " + e.getMessage() + REMEDY, e);
        }
        throw new IOException(place + "this is not one JSON object" + REMEDY);
    }
}
