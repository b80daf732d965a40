package dev.ligature.models.onnx;

import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.internal.ModelMessage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Reads the fields of one message in the wire format of Protocol Buffers.
 *
 * <pre>{@code
 * while (reader.next()) {
 *     switch (reader.field()) {
 *         case 8 -> name = reader.text();
 *         default -> {} // skipped
 *     }
 * }
 * }</pre>
 */
final class ProtoReader {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;
    private static final int MOST_SHIFT = 63;

    private final String origin;
    private final ByteBuffer buffer;
    private int field;
    private int type;
    private int end; // of the field at hand

    ProtoReader(String origin, ByteBuffer bytes) {
        this.origin = origin;
        this.buffer = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Goes to the next field, past what was not read of the last one. */
    boolean next() throws CheckpointException {
        buffer.position(end);
        if (!buffer.hasRemaining()) {
            return false;
        }
        long key = varint();
        field = (int) (key >>> 3);
        type = (int) (key & 7);
        int start = buffer.position();
        long length =
                switch (type) {
                    case VARINT -> {
                        varint();
                        yield buffer.position() - start;
                    }
                    case FIXED64 -> Long.BYTES;
                    case FIXED32 -> Integer.BYTES;
                    case BYTES -> {
                        long size = varint();
                        start = buffer.position();
                        yield size;
                    }
                    default -> throw damaged();
                };
        if (length < 0 || length > buffer.limit() - start) {
            throw damaged();
        }
        end = start + (int) length;
        buffer.position(start);
        return true;
    }

    /** Returns the number of the field at hand. */
    int field() {
        return field;
    }

    /** Returns a whole number; of one that is packed with others, the next. */
    long number() throws CheckpointException {
        return varint();
    }

    /** Returns whether the field has more numbers, packed in one. */
    boolean hasMore() {
        return buffer.position() < end;
    }

    /** Returns the bytes of the field, which are not copied. */
    ByteBuffer bytes() throws CheckpointException {
        if (type != BYTES) {
            throw damaged();
        }
        return buffer.slice(buffer.position(), end - buffer.position())
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Returns the field as a text. */
    String text() throws CheckpointException {
        return StandardCharsets.UTF_8.decode(bytes()).toString();
    }

    /** Returns a reader of the field, which is a message. */
    ProtoReader message() throws CheckpointException {
        return new ProtoReader(origin, bytes());
    }

    private long varint() throws CheckpointException {
        long value = 0;
        for (int shift = 0; shift <= MOST_SHIFT && buffer.hasRemaining(); shift += 7) {
            byte b = buffer.get();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw damaged();
    }

    private CheckpointException damaged() {
        return ModelMessage.ONNX_DAMAGED.fileError(origin);
    }
}
