package dev.ligature.internal.json;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.MalformedJsonException;
import dev.ligature.checkpoint.CheckpointException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the JSON of a checkpoint's directory, such as {@code config.json}, strictly: one object and
 * nothing after it, no key twice in an object, no more than a few levels of nesting, no number of
 * hundreds of digits, no file of more than 16 MiB.
 */
public final class JsonTree {
    private static final int MAX_DEPTH = 32;
    private static final long MAX_BYTES = 16L << 20;

    private final JsonReader reader;
    private final String origin;

    private JsonTree(JsonReader reader, String origin) {
        this.reader = reader;
        this.origin = origin;
    }

    /**
     * Returns the members of the object that a file holds.
     *
     * @param file the file, in UTF-8
     * @return a map, in the order of the file, whose values are null, {@link Boolean}, {@link
     *     BigDecimal}, {@link String}, {@link List} or {@link Map}
     * @throws CheckpointException if it is too large, no text, or no such JSON
     * @throws IOException if the file cannot be read
     */
    public static Map<String, @Nullable Object> read(Path file) throws IOException {
        return object(text(file), file.toString());
    }

    /** Returns the text of a file, which is not read if it is too large for a configuration. */
    public static String text(Path file) throws IOException {
        // Before it is opened: that would wait for a pipe's other end.
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new CheckpointException(
                    "CheckpointMissing",
                    file + " is no file but a directory or a device. Name a file.");
        }
        long size = Files.size(file);
        if (size > MAX_BYTES) {
            throw new CheckpointException(
                    "CheckpointJsonSize",
                    file
                            + ": it has "
                            + size
                            + " bytes, and a configuration has at most "
                            + MAX_BYTES
                            + ". Check that the path is right.");
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new CheckpointException(
                    "CheckpointJson", file + ": it is no text in UTF-8. Write it again.", e);
        }
    }

    /**
     * Returns the members of the object that a document is.
     *
     * @param json the text
     * @param origin the name of the file, for messages
     * @return a map, in the order of the document, whose values are null, {@link Boolean}, {@link
     *     BigDecimal}, {@link String}, {@link List} or {@link Map}
     */
    public static Map<String, @Nullable Object> object(String json, String origin)
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
            String key = reader.nextName();
            if (members.containsKey(key)) {
                throw new CheckpointException(
                        "CheckpointJsonDuplicate",
                        origin
                                + ": the key '"
                                + key
                                + "' is there twice ("
                                + reader.getPath()
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
        String digits = reader.nextString();
        if (digits.length() > 40) {
            throw malformed(
                    "the number at "
                            + reader.getPreviousPath()
                            + " has "
                            + digits.length()
                            + " digits",
                    null);
        }
        // An exponent such as 1e999999999 is short to write and very long to compute with.
        BigDecimal number = new BigDecimal(digits);
        if (Math.abs((long) number.scale()) > 400) {
            throw malformed(
                    "the number at " + reader.getPreviousPath() + " is out of range: " + digits,
                    null);
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
