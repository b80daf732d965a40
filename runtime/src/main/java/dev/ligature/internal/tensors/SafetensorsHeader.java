package dev.ligature.internal.tensors;

import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.TensorDtype;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.internal.json.JsonErrors;
import dev.ligature.internal.json.JsonField;
import dev.ligature.internal.json.JsonFields;
import dev.ligature.internal.json.JsonLimits;
import java.io.ByteArrayInputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The JSON header of a safetensors file, checked against the format: every tensor has a known data
 * type, a shape and a range of bytes of just that size, and the ranges cover the data without a
 * hole and without an overlap.
 *
 * <p>The format is described at <a
 * href="https://huggingface.co/docs/safetensors">huggingface.co/docs/safetensors</a>.
 */
public final class SafetensorsHeader implements JsonErrors<CheckpointException> {
    /** The largest header, in bytes; the limit of the format's reference implementation. */
    public static final long LARGEST = 100_000_000;

    /** The bytes before the header, which hold its length. */
    public static final int LENGTH_BYTES = 8;

    /** A tensor's object within the header's, its shape within it, and 32 dimensions at most. */
    private static final JsonLimits LIMITS = new JsonLimits(3, 32);

    private static final String METADATA = "__metadata__";

    private static final Set<String> FIELDS = Set.of("dtype", "shape", "data_offsets");

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
        CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder(); // refuses malformed text
        JsonFields.forEach(
                new InputStreamReader(new ByteArrayInputStream(header), decoder),
                LIMITS,
                parsed,
                parsed::take);
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

    private void take(String name, JsonFields<CheckpointException> fields)
            throws CheckpointException {
        if (name.equals(METADATA) && !fields.has(name)) {
            return; // null, which the reference implementation takes for none
        }
        JsonFields<CheckpointException> members = fields.object(name);
        if (!name.equals(METADATA)) {
            tensors.put(name, tensor(name, members));
            return;
        }
        for (String key : members.names()) {
            metadata.put(key, members.string(key));
        }
    }

    private TensorInfo tensor(String name, JsonFields<CheckpointException> fields)
            throws CheckpointException {
        for (String field : fields.names()) {
            if (!FIELDS.contains(field)) {
                throw wrong(name, "has the unknown field '" + field + "'");
            }
        }
        boolean complete = fields.names().size() == FIELDS.size();
        List<Long> offsets = complete ? fields.naturals("data_offsets") : List.of();
        if (offsets.size() != 2) {
            throw wrong(name, "does not have a dtype, a shape and two data_offsets");
        }
        String dtypeName = fields.string("dtype");
        TensorDtype dtype =
                TensorDtype.ofName(dtypeName)
                        .orElseThrow(
                                () -> wrong(name, "has the unknown data type '" + dtypeName + "'"));
        List<Long> shape = fields.naturals("shape");
        long begin = offsets.get(0);
        long end = offsets.get(1);
        if (begin > end || end > dataLength) {
            throw wrong(
                    name,
                    "has the data_offsets [%d, %d], which are not within the %d bytes of data"
                            .formatted(begin, end, dataLength));
        }
        long needed = byteCount(name, dtype, shape);
        if (needed != end - begin) {
            throw wrong(
                    name,
                    "has %d bytes of data, but %s of shape %s takes %d"
                            .formatted(end - begin, dtype, shape, needed));
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
                        "begins at byte %d of the data, but the tensors before it end at byte %d"
                                        .formatted(tensor.offset() - dataStart, covered - dataStart)
                                + (tensor.offset() < covered ? " (an overlap)" : " (a hole)"));
            }
            covered += tensor.byteCount();
        }
        if (covered != dataStart + dataLength) {
            throw TensorMessage.DATA.fileError(file, dataLength, covered - dataStart);
        }
    }

    private CheckpointException wrong(String name, String what) {
        return TensorMessage.TENSOR.fileError(file, name, what);
    }

    @Override
    public CheckpointException malformed(String what, @Nullable Throwable cause) {
        return TensorMessage.HEADER.fileErrorFrom(cause, file, what);
    }

    @Override
    public CheckpointException duplicate(JsonField field) {
        return field.parent().isEmpty()
                ? wrong(field.name(), "is in the header twice")
                : wrong(field.parent(), "has the field '" + field.name() + "' twice");
    }

    @Override
    public CheckpointException wrong(JsonField field, @Nullable Object value, String expected) {
        String what = JsonFields.shown(value) + ", not " + expected;
        return field.parent().isEmpty()
                ? malformed("'" + field.name() + "' is " + what, null)
                : wrong(field.parent(), "has the " + field.name() + " " + what);
    }

    @Override
    public CheckpointException beyond(JsonField field, String what) {
        return wrong(field.parent(), "has a " + field.name() + " that " + what);
    }
}
