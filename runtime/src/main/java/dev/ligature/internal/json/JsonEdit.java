package dev.ligature.internal.json;

import com.google.gson.FormattingStyle;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonWriter;
import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Changes members of a JSON object and copies everything else: the order of members and the
 * spelling of numbers stay, white space does not.
 */
public final class JsonEdit {
    private final String json;
    private final JsonFields<CheckpointException> fields;
    private final Map<List<String>, Object> edits = new LinkedHashMap<>();

    /**
     * Reads a document.
     *
     * @param json the text
     * @param origin the name of its file, for messages
     * @throws CheckpointException if it is not one strict JSON object
     */
    public JsonEdit(String json, String origin) throws CheckpointException {
        this.json = json;
        this.fields = JsonFile.parse(json, origin, JsonMessage.MALFORMED);
    }

    /** Returns the value of a member before it is set; see {@link JsonFields#value}. */
    public @Nullable Object value(String name) {
        return fields.value(name);
    }

    /**
     * Sets a member, which is added behind the others if it is not there.
     *
     * @param path the names of the objects that lead to it, and its own; the objects must be there
     * @param value a {@link String}, {@link Boolean} or {@link Long}
     */
    public void set(List<String> path, Object value) {
        edits.put(List.copyOf(path), value);
    }

    /** Returns the changed document, with two blanks for each level. */
    public String text() {
        StringWriter text = new StringWriter();
        try (JsonReader reader = new JsonReader(new StringReader(json));
                JsonWriter writer = new JsonWriter(text)) {
            reader.setStrictness(Strictness.STRICT);
            writer.setStrictness(Strictness.STRICT);
            writer.setFormattingStyle(FormattingStyle.PRETTY);
            writer.setHtmlSafe(false);
            new Copy(reader, writer, new LinkedHashMap<>(edits)).value(List.of());
        } catch (IOException e) {
            throw new UncheckedIOException(e); // it was read before, and text does not fail
        }
        return text.toString();
    }

    /** Copies tokens, and writes each edit where its path is. */
    private record Copy(JsonReader reader, JsonWriter writer, Map<List<String>, Object> open) {
        void value(List<String> path) throws IOException {
            switch (reader.peek()) {
                case BEGIN_OBJECT -> members(path);
                case BEGIN_ARRAY -> elements(path);
                case STRING -> writer.value(reader.nextString());
                case NUMBER -> writer.jsonValue(reader.nextString());
                case BOOLEAN -> writer.value(reader.nextBoolean());
                default -> {
                    reader.nextNull();
                    writer.nullValue();
                }
            }
        }

        private void members(List<String> path) throws IOException {
            reader.beginObject();
            writer.beginObject();
            while (reader.hasNext()) {
                List<String> member = append(path, reader.nextName());
                writer.name(member.get(path.size()));
                Object edit = open.remove(member);
                if (edit == null) {
                    value(member);
                } else {
                    reader.skipValue();
                    write(edit);
                }
            }
            for (List<String> added : List.copyOf(open.keySet())) {
                if (added.size() == path.size() + 1 && added.subList(0, path.size()).equals(path)) {
                    writer.name(added.get(path.size()));
                    write(open.remove(added));
                }
            }
            reader.endObject();
            writer.endObject();
        }

        private void elements(List<String> path) throws IOException {
            reader.beginArray();
            writer.beginArray();
            List<String> inside = append(path, "[]"); // no edit is inside of a list
            while (reader.hasNext()) {
                value(append(inside, ""));
            }
            reader.endArray();
            writer.endArray();
        }

        private void write(@Nullable Object value) throws IOException {
            if (value instanceof Boolean truth) {
                writer.value(truth);
            } else if (value instanceof Long number) {
                writer.value(number);
            } else {
                writer.value(String.valueOf(value));
            }
        }

        private static List<String> append(List<String> path, String name) {
            List<String> longer = new ArrayList<>(path);
            longer.add(name);
            return longer;
        }
    }
}
