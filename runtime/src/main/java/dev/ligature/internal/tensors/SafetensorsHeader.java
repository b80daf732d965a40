package dev.ligature.internal.tensors;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.TensorDtype;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.internal.json.JsonFault;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The JSON header of a safetensors file, checked against the format: every tensor has a known data
 * type, a shape and a range of bytes of just that size, and the ranges cover the data without a
 * hole and without an overlap.
 *
 * <p>The format is described at <a
 * href="https://huggingface.co/docs/safetensors">huggingface.co/docs/safetensors</a>.
 */
public final class SafetensorsHeader {
    /** The largest header, in bytes; the limit of the format's reference implementation. */
    public static final long LARGEST = 100_000_000;

    /** The bytes before the header, which hold its length. */
    public static final int LENGTH_BYTES = 8;

    private static final int MOST_DIMENSIONS = 32;
    private static final Pattern WHOLE_NUMBER = Pattern.compile("0|[1-9][0-9]{0,18}");

    private final Path file;
    private final long dataStart;
    private final long dataLength;
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private SafetensorsHeader(Path file, long dataStart, long dataLength) {
        this.file = file;
        this.dataStart = dataStart;
        this.dataLength = dataLength;
    }

    /**
     * Parses and checks a header.
     *
     * @param file the file, for messages
     * @param header the bytes of the header, without its length
     * @param dataLength the number of bytes in the file after the header
     * @throws CheckpointException if anything is not as the format says
     */
    public static SafetensorsHeader parse(Path file, byte[] header, long dataLength)
            throws CheckpointException {
        SafetensorsHeader parsed =
                new SafetensorsHeader(file, LENGTH_BYTES + (long) header.length, dataLength);
        if (header.length == 0 || header[0] != '{') {
            throw parsed.malformed("it does not begin with '{'", null);
        }
        try (JsonReader json = strictReader(header)) {
            parsed.readAll(json);
        } catch (CheckpointException e) {
            throw e;
        } catch (IOException | IllegalStateException | JsonParseException e) {
            throw parsed.malformed(JsonFault.of(e), e);
        }
        parsed.checkRanges();
        return parsed;
    }

    /** Returns the tensors by name, in the order of the header. */
    public Map<String, TensorInfo> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    /** Returns the metadata, empty if the file has none. */
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    private static JsonReader strictReader(byte[] header) {
        Reader text =
                new InputStreamReader(
                        new ByteArrayInputStream(header),
                        StandardCharsets.UTF_8
                                .newDecoder()
                                .onMalformedInput(CodingErrorAction.REPORT)
                                .onUnmappableCharacter(CodingErrorAction.REPORT));
        JsonReader json = new JsonReader(text);
        json.setStrictness(Strictness.STRICT);
        return json;
    }

    private void readAll(JsonReader json) throws IOException {
        boolean metadataSeen = false;
        json.beginObject();
        while (json.hasNext()) {
            String name = json.nextName();
            if (!name.equals("__metadata__")) {
                TensorInfo tensor = readTensor(name, json);
                if (tensors.put(name, tensor) != null) {
                    throw wrong(name, "is in the header twice");
                }
            } else if (metadataSeen) {
                throw wrong(name, "is in the header twice");
            } else {
                metadataSeen = true;
                readMetadata(json);
            }
        }
        json.endObject();
        if (json.peek() != JsonToken.END_DOCUMENT) {
            throw malformed("something follows the closing '}'", null);
        }
    }

    private void readMetadata(JsonReader json) throws IOException {
        json.beginObject();
        while (json.hasNext()) {
            String key = json.nextName();
            if (json.peek() != JsonToken.STRING) {
                throw wrong("__metadata__." + key, "is not a string");
            }
            if (metadata.put(key, json.nextString()) != null) {
                throw wrong("__metadata__." + key, "is in the header twice");
            }
        }
        json.endObject();
    }

    private TensorInfo readTensor(String name, JsonReader json) throws IOException {
        String dtypeName = "";
        List<Long> shape = List.of();
        List<Long> range = List.of();
        Set<String> seen = new HashSet<>();
        json.beginObject();
        while (json.hasNext()) {
            String field = json.nextName();
            if (!seen.add(field)) {
                throw wrong(name, "has the field '" + field + "' twice");
            }
            switch (field) {
                case "dtype" -> dtypeName = readString(name, json);
                case "shape" -> shape = readNumbers(name, field, MOST_DIMENSIONS, json);
                case "data_offsets" -> range = readNumbers(name, field, 2, json);
                default -> throw wrong(name, "has the unknown field '" + field + "'");
            }
        }
        json.endObject();
        if (seen.size() != 3 || range.size() != 2) {
            throw wrong(name, "does not have a dtype, a shape and two data_offsets");
        }
        return tensor(name, dtypeName, shape, range.get(0), range.get(1));
    }

    private TensorInfo tensor(String name, String dtypeName, List<Long> shape, long begin, long end)
            throws CheckpointException {
        TensorDtype dtype =
                TensorDtype.ofName(dtypeName)
                        .orElseThrow(
                                () -> wrong(name, "has the unknown data type '" + dtypeName + "'"));
        if (begin > end || end > dataLength) {
            throw wrong(
                    name,
                    "has the data_offsets ["
                            + begin
                            + ", "
                            + end
                            + "], which are not within the "
                            + dataLength
                            + " bytes of data");
        }
        long needed = byteCount(name, dtype, shape);
        if (needed != end - begin) {
            throw wrong(
                    name,
                    "has "
                            + (end - begin)
                            + " bytes of data, but "
                            + dtype
                            + " of shape "
                            + shape
                            + " takes "
                            + needed);
        }
        long[] dimensions = shape.stream().mapToLong(Long::longValue).toArray();
        return new TensorInfo(name, dtype, new Shape(dimensions), dataStart + begin, needed);
    }

    private long byteCount(String name, TensorDtype dtype, List<Long> shape)
            throws CheckpointException {
        try {
            long count = dtype.bytes();
            for (long dimension : shape) {
                // Without the zeros, since the strides of an empty array are counted too.
                count = Math.multiplyExact(count, Math.max(dimension, 1));
            }
            return shape.contains(0L) ? 0 : count;
        } catch (ArithmeticException e) {
            throw wrong(name, "has the shape " + shape + ", which is too large to count");
        }
    }

    private String readString(String name, JsonReader json) throws IOException {
        if (json.peek() != JsonToken.STRING) {
            throw wrong(name, "has a dtype that is not a string");
        }
        return json.nextString();
    }

    private List<Long> readNumbers(String name, String field, int most, JsonReader json)
            throws IOException {
        List<Long> numbers = new ArrayList<>();
        json.beginArray();
        while (json.hasNext()) {
            if (numbers.size() == most) {
                throw wrong(name, "has more than " + most + " numbers in " + field);
            }
            if (json.peek() != JsonToken.NUMBER) {
                throw wrong(name, "has something else than numbers in " + field);
            }
            numbers.add(wholeNumber(name, field, json.nextString()));
        }
        json.endArray();
        return numbers;
    }

    private long wholeNumber(String name, String field, String text) throws CheckpointException {
        try {
            if (WHOLE_NUMBER.matcher(text).matches()) {
                return Long.parseLong(text);
            }
        } catch (NumberFormatException e) {
            // Larger than a long: reported like the others that do not count bytes.
        }
        throw wrong(
                name, "has " + text + " in " + field + ", which is not a whole number in range");
    }

    private void checkRanges() throws CheckpointException {
        List<TensorInfo> ordered = new ArrayList<>(tensors.values());
        ordered.sort(
                Comparator.comparingLong(TensorInfo::offset)
                        .thenComparingLong(TensorInfo::byteCount));
        long covered = dataStart;
        for (TensorInfo tensor : ordered) {
            if (tensor.offset() != covered) {
                throw wrong(
                        tensor.name(),
                        "begins at byte "
                                + (tensor.offset() - dataStart)
                                + " of the data, but the tensors before it end at byte "
                                + (covered - dataStart)
                                + (tensor.offset() < covered ? " (an overlap)" : " (a hole)"));
            }
            covered += tensor.byteCount();
        }
        if (covered != dataStart + dataLength) {
            throw new CheckpointException(
                    "SafetensorsData",
                    file
                            + " has "
                            + dataLength
                            + " bytes of data, but its tensors end at byte "
                            + (covered - dataStart)
                            + ". The file is damaged: get it again.");
        }
    }

    private CheckpointException wrong(String name, String what) {
        return new CheckpointException(
                "SafetensorsTensor",
                file + ": '" + name + "' " + what + ". The file is damaged: get it again.");
    }

    private CheckpointException malformed(String why, @Nullable Exception e) {
        return new CheckpointException(
                "SafetensorsHeader",
                file
                        + " has a header that is not the JSON of a safetensors file: "
                        + why
                        + ". The file is damaged, or of another format: get it again.",
                e);
    }
}
