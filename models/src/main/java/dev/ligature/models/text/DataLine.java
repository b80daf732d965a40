package dev.ligature.models.text;

import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.internal.diag.Message;
import dev.ligature.internal.json.JsonErrors;
import dev.ligature.internal.json.JsonField;
import dev.ligature.internal.json.JsonFields;
import dev.ligature.internal.json.JsonLimits;
import dev.ligature.models.internal.ModelMessage;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A line of a JSONL file: one JSON object. Its errors name the file and the line. */
public final class DataLine {
    private final Place place;
    private final JsonFields<CheckpointException> fields;

    private DataLine(Place place, JsonFields<CheckpointException> fields) {
        this.place = place;
        this.fields = fields;
    }

    /**
     * Reads a line.
     *
     * @param origin the file, for messages
     * @param number the number of the line, from 1
     * @param json the line
     * @param form what a line must look like, for messages
     * @throws CheckpointException if it is not one JSON object, or has a field twice
     */
    public static DataLine parse(String origin, int number, String json, String form)
            throws CheckpointException {
        Place place = new Place(origin, number, form);
        return new DataLine(
                place, JsonFields.parse(new StringReader(json), JsonLimits.CONFIGURATION, place));
    }

    /** Returns the names of the fields. */
    public Set<String> names() {
        return fields.names();
    }

    /** Returns whether a field is there and not null. */
    public boolean has(String name) {
        return fields.has(name);
    }

    /** Returns a text that must be there. */
    public String text(String name) throws CheckpointException {
        return fields.string(name);
    }

    /** Returns the text of one of two fields, of which a line has one. */
    public String text(String name, String otherName) throws CheckpointException {
        if (has(name) && has(otherName)) {
            throw fields.wrong(otherName, "absent, because " + name + " is there");
        }
        return text(has(otherName) ? otherName : name);
    }

    /** Returns a text, empty where it is absent. */
    public Optional<String> optionalText(String name) throws CheckpointException {
        return fields.optionalString(name);
    }

    /** Returns a list of texts, empty where it is absent. */
    public List<String> texts(String name) throws CheckpointException {
        List<String> texts = new ArrayList<>();
        if (!has(name)) {
            return texts;
        }
        for (Object element : list(name, "a list of texts")) {
            if (!(element instanceof String text)) {
                throw fields.wrong(name, "a list of texts");
            }
            texts.add(text);
        }
        return texts;
    }

    /** Returns a list that must be there. */
    public List<?> list(String name, String expected) throws CheckpointException {
        if (!(fields.value(name) instanceof List<?> list)) {
            throw fields.wrong(name, expected);
        }
        return list;
    }

    /** Returns a list of objects that must be there. */
    public List<Map<String, @Nullable Object>> objects(String name) throws CheckpointException {
        List<Map<String, @Nullable Object>> objects = new ArrayList<>();
        for (Object element : list(name, "a list of objects")) {
            objects.add(object(element, name, "a list of objects"));
        }
        return objects;
    }

    /** Returns an object that must be there. */
    public Map<String, @Nullable Object> object(String name) throws CheckpointException {
        return object(value(name), name, "an object");
    }

    @SuppressWarnings("unchecked") // an object of JSON has texts for keys
    private Map<String, @Nullable Object> object(
            @Nullable Object value, String name, String expected) throws CheckpointException {
        if (!(value instanceof Map<?, ?> object)) {
            throw fields.wrong(name, expected);
        }
        return (Map<String, @Nullable Object>) object;
    }

    /** Returns a value as it was read, null where it is absent. */
    public @Nullable Object value(String name) {
        return fields.value(name);
    }

    /** Returns the error of a value that must be something else. */
    public CheckpointException wrong(String name, String expected) {
        return fields.wrong(name, expected);
    }

    /** Returns an error whose first two values are the file and the line. */
    public CheckpointException error(ModelMessage message, Object... others) {
        return message.fileError(
                Stream.concat(Stream.of(place.origin, place.number), Stream.of(others)).toArray());
    }

    /** Returns an error of what was made of the line, with the file and the line. */
    public CheckpointException failed(LoraException error) {
        return Message.inFile(error, place.origin + ", line " + place.number);
    }

    /** Where the line is, and the errors about it. */
    private record Place(String origin, int number, String form)
            implements JsonErrors<CheckpointException> {
        @Override
        public CheckpointException malformed(String what, @Nullable Throwable cause) {
            return ModelMessage.LINE.fileErrorFrom(cause, origin, number, what, form);
        }

        @Override
        public CheckpointException duplicate(JsonField field) {
            return ModelMessage.LINE_FIELD_TWICE.fileError(origin, number, field);
        }

        @Override
        public CheckpointException wrong(JsonField field, @Nullable Object value, String expected) {
            return value == null
                    ? ModelMessage.LINE_FIELD_MISSING.fileError(origin, number, field, form)
                    : ModelMessage.LINE_FIELD.fileError(
                            origin, number, field, JsonFields.shown(value), expected);
        }
    }
}
