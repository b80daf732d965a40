package dev.ligature.models.onnx;

import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.CheckpointException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A tensor of an ONNX file.
 *
 * @param name its name
 * @param type ONNX's number of its data type
 * @param shape its sizes
 * @param bytes its elements, little endian
 */
record OnnxTensor(String name, long type, Shape shape, ByteBuffer bytes) {
    static final long FLOAT = 1;
    static final long INT64 = 7;

    private static final int DIMS = 1;
    private static final int DATA_TYPE = 2;
    private static final int FLOAT_DATA = 4;
    private static final int INT64_DATA = 7;
    private static final int NAME = 8;
    private static final int RAW_DATA = 9;

    static OnnxTensor read(ProtoReader reader) throws CheckpointException {
        String name = "";
        long type = 0;
        List<Long> dims = new ArrayList<>();
        ByteBuffer bytes = ByteBuffer.allocate(0);
        while (reader.next()) {
            switch (reader.field()) {
                case DIMS -> {
                    while (reader.hasMore()) {
                        dims.add(reader.number());
                    }
                }
                case DATA_TYPE -> type = reader.number();
                case FLOAT_DATA, RAW_DATA -> bytes = reader.bytes();
                case INT64_DATA -> bytes = longs(reader);
                case NAME -> name = reader.text();
                default -> {
                    // neither is needed
                }
            }
        }
        Shape shape = new Shape(dims);
        return new OnnxTensor(name, type, shape, bytes);
    }

    private static ByteBuffer longs(ProtoReader reader) throws CheckpointException {
        ByteBuffer longs = ByteBuffer.allocate(reader.bytes().remaining() * Long.BYTES);
        longs.order(ByteOrder.LITTLE_ENDIAN);
        while (reader.hasMore()) {
            longs.putLong(reader.number());
        }
        return longs.flip();
    }

    /** Returns whether this is a tensor of floats with all its elements. */
    boolean isFloat() {
        return type == FLOAT && bytes.remaining() == Float.BYTES * shape.size();
    }

    /** Returns the elements of a tensor of floats. */
    float[] floats() {
        float[] values = new float[bytes.remaining() / Float.BYTES];
        bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }

    /** Returns the first element of a tensor of whole numbers. */
    long first() {
        return bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).getLong();
    }
}
