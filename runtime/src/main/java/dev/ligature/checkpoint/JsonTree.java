package dev.ligature.checkpoint;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import dev.ligature.diag.JsonFault;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a JSON document strictly: one value and nothing after it, no key twice in an object, no
 * more than a few levels of nesting.
 */
final class JsonTree {
    private static final int MAX_DEPTH = 32;

    private final JsonReader reader;
    private final String origin;

    private JsonTree(JsonReader reader, String origin) {
        this.reader = reader;
        this.origin = origin;
    }

    /**
     * Returns the members of the object that a document is.
     *
     * @param json the text
     * @param origin the name of the file, for messages
     * @return a map, in the order of the document, whose values are null, {@link Boolean}, {@link
     *     BigDecimal}, {@link String}, {@link List} or {@link Map}
     */
    static Map<String, @Nullable Object> object(String json, String origin)
            throws CheckpointException {
        JsonReader reader = new JsonReader(new StringReader(json));
        reader.setStrictness(Strictness.STRICT);
        reader.setNestingLimit(MAX_DEPTH);
        JsonTree tree = new JsonTree(reader, origin);
        try {
            if (reader.peek() != JsonToken.BEGIN_OBJECT) {
                throw tree.malformed("it is no JSON object", null);
            }
            Map<String, @Nullable Object> members = tree.members();
            if (reader.peek() != JsonToken.END_DOCUMENT) {
                throw tree.malformed("something follows the object", null);
            }
            return members;
        } catch (EOFException e) {
            throw tree.malformed("it ends too early", e);
        } catch (MalformedJsonException | NumberFormatException e) {
            throw tree.malformed("it is no JSON (" + JsonFault.of(e) + ")", e);
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException e) {
            throw tree.malformed("it cannot be read (" + JsonFault.of(e) + ")", e);
        }
    }

    private Map<String, @Nullable Object> members() throws IOException {
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        reader.beginObject();
        while (reader.hasNext()) {
            String path = reader.getPath();
            String key = reader.nextName();
            if (members.containsKey(key)) {
                throw new CheckpointException(
                        "CheckpointJsonDuplicate",
                        origin
                                + ": the key '"
                                + key
                                + "' is there twice ("
                                + path
                                + "), so what holds is not certain. Remove one of the two.");
            }
            members.put(key, value());
        }
        reader.endObject();
        return members;
    }

    private @Nullable Object value() throws IOException {
        return switch (reader.peek()) {
            case BEGIN_OBJECT -> members();
            case BEGIN_ARRAY -> elements();
            case STRING -> reader.nextString();
            case NUMBER -> number();
            case BOOLEAN -> reader.nextBoolean();
            case NULL -> {
                reader.nextNull();
                yield null;
            }
            default -> throw malformed("a value is missing at " + reader.getPath(), null);
        };
    }

    private List<@Nullable Object> elements() throws IOException {
        List<@Nullable Object> elements = new ArrayList<>();
        reader.beginArray();
        while (reader.hasNext()) {
            elements.add(value());
        }
        reader.endArray();
        return elements;
    }

    private BigDecimal number() throws IOException {
        String path = reader.getPath();
        String digits = reader.nextString();
        // An exponent such as 1e999999999 is short to write and very long to compute with.
        if (digits.length() > 40) {
            throw malformed("the number at " + path + " has " + digits.length() + " digits", null);
        }
        BigDecimal number = new BigDecimal(digits);
        if (Math.abs((long) number.scale()) > 400) {
            throw malformed("the number at " + path + " is out of range: " + digits, null);
        }
        return number;
    }

    private CheckpointException malformed(String what, @Nullable Throwable cause) {
        return new CheckpointException(
                "CheckpointJson",
                origin + ": " + what + ". Write it again with the tool that made it.",
                cause);
    }
}
