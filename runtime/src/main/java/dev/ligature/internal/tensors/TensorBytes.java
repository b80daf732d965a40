package dev.ligature.internal.tensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.TensorDtype;
import dev.ligature.checkpoint.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Moves tensors between files and arrays, a small part at a time.
 *
 * <p>Files are little-endian, and so is every platform that DJL has a native library for.
 */
public final class TensorBytes {
    /** The largest number of bytes that are moved between files at once. */
    public static final int CHUNK = 1 << 20;

    /**
     * The largest number of elements that are moved to or from an array at once. PyTorch splits the
     * copy of twice as many over threads, whose waiting for each other costs more than the copy.
     */
    static final int ELEMENTS = 1 << 14;

    private TensorBytes() {}

    /**
     * The elements of an array that are read to its own memory at once: what is read stays in a
     * processor's cache until it is widened and looked at.
     */
    private static final int FILLED = 1 << 16;

    /** Where the bytes of a tensor come from. */
    @FunctionalInterface
    public interface Input {
        /** Reads bytes of the tensor from the given one on, until the buffer is full. */
        void read(long from, ByteBuffer into) throws IOException;
    }

    /** Looks at values before they are copied. */
    @FunctionalInterface
    public interface Check {
        /** Accepts anything. */
        Check NONE = (bytes, type, from) -> {};

        /**
         * Looks at values, the first of which has an index in the tensor.
         *
         * @param bytes the values as an array has them; its position stays
         */
        void look(ByteBuffer bytes, DataType type, long from) throws IOException;
    }

    /** Where the bytes of a tensor go to, in order. */
    @FunctionalInterface
    public interface Output {
        /** Takes all that is left in the buffer. */
        void write(ByteBuffer bytes) throws IOException;
    }

    /** Returns a buffer that {@link #toArray} can use again and again, for one thread at a time. */
    public static ByteBuffer newStaging() {
        return ByteBuffer.allocateDirect(ELEMENTS * 8).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Copies a tensor to a new array; BF16 is widened to float32.
     *
     * @param manager the owner of the array
     * @param tensor the tensor
     * @param type the data type of the tensor's array
     * @param staging a buffer of {@link #newStaging}
     * @param input the bytes of the tensor
     * @param check looks at the values first
     */
    public static NDArray toArray(
            NDManager manager,
            TensorInfo tensor,
            DataType type,
            ByteBuffer staging,
            Input input,
            Check check)
            throws IOException {
        if (tensor.size() > 0 && tensor.size() <= ELEMENTS) {
            // Most factors of an adapter: one copy, where filling a part costs several calls.
            stage(tensor, 0, (int) tensor.size(), staging, input);
            check.look(staging, type, 0);
            try (NDArray whole = manager.create(staging, tensor.shape(), type)) {
                return whole.duplicate();
            }
        }
        // Filled, not created from a large buffer: direct buffers count against
        // MaxDirectMemorySize, native arrays do not.
        NDArray array = manager.create(tensor.shape(), type);
        try {
            if (ArrayMemory.isShown(manager)) {
                for (long at = 0; at < tensor.size(); at += ArrayMemory.PART) {
                    long count = Math.min(ArrayMemory.PART, tensor.size() - at);
                    fill(tensor, type, at, ArrayMemory.of(array, at, count), input, check);
                }
            } else {
                copy(tensor, type, array, staging, input, check);
            }
            return array;
        } catch (IOException | RuntimeException | Error e) {
            array.close();
            throw e;
        }
    }

    private static void copy(
            TensorInfo tensor,
            DataType type,
            NDArray array,
            ByteBuffer staging,
            Input input,
            Check check)
            throws IOException {
        try (NDArray flat = array.reshape(-1)) { // (…) -> (n), a view
            for (long at = 0; at < tensor.size(); at += ELEMENTS) {
                int count = (int) Math.min(ELEMENTS, tensor.size() - at);
                stage(tensor, at, count, staging, input);
                check.look(staging, type, at);
                try (NDArray chunk = array.getManager().create(staging, new Shape(count), type)) {
                    flat.set(new NDIndex().addSliceDim(at, at + count), chunk); // (count)
                }
            }
        }
    }

    /**
     * Reads a part of a tensor to where it belongs.
     *
     * @param tensor the tensor
     * @param type the data type of its array
     * @param from the first element of the part
     * @param memory the part of the array's memory, all of it
     * @param input the bytes of the tensor
     * @param check looks at the values
     */
    static void fill(
            TensorInfo tensor,
            DataType type,
            long from,
            ByteBuffer memory,
            Input input,
            Check check)
            throws IOException {
        int size = type.getNumOfBytes();
        int elements = memory.capacity() / size;
        for (int at = 0; at < elements; at += FILLED) {
            int count = Math.min(FILLED, elements - at);
            ByteBuffer part = memory.slice(at * size, count * size).order(ByteOrder.LITTLE_ENDIAN);
            stage(tensor, from + at, count, part, input);
            check.look(part, type, from + at);
        }
    }

    private static void stage(
            TensorInfo tensor, long at, int count, ByteBuffer staging, Input input)
            throws IOException {
        int bytes = count * tensor.dtype().bytes();
        boolean widen = tensor.dtype() == TensorDtype.BF16;
        // BF16 is read to the upper half of the room that its float32 take, and widened downwards:
        // the write of element i ends before the read of element i + 1 begins.
        int begin = widen ? bytes : 0;
        staging.limit(begin + bytes).position(begin);
        input.read(at * tensor.dtype().bytes(), staging);
        if (widen) {
            int i = 0;
            for (; i + 3 < count; i += 4) {
                long four = staging.getLong(begin + 2 * i);
                staging.putLong(4 * i, Bfloat16.widenTwo(four));
                staging.putLong(4 * i + 8, Bfloat16.widenTwo(four >>> 32));
            }
            for (; i < count; i++) {
                staging.putInt(4 * i, Bfloat16.widen(staging.getShort(begin + 2 * i)));
            }
        }
        staging.position(0);
    }

    /**
     * Hands out the bytes of an array in a file's data type, rounded to nearest even.
     *
     * @param array the array
     * @param dtype the data type of the bytes
     * @param output takes the bytes, in order
     * @param rounding notes how far values were rounded
     */
    public static void fromArray(NDArray array, TensorDtype dtype, Output output, Rounding rounding)
            throws IOException {
        long size = array.size();
        // Detached: a view of a trainable array would record a graph.
        try (NDArray detached = array.stopGradient();
                NDArray flat = detached.reshape(-1)) { // (…) -> (n)
            for (long at = 0; at < size; at += ELEMENTS) {
                NDIndex range = new NDIndex().addSliceDim(at, Math.min(size, at + ELEMENTS));
                try (NDArray chunk = flat.get(range)) { // (count)
                    output.write(encode(chunk, dtype, rounding));
                }
            }
        }
    }

    private static ByteBuffer encode(NDArray chunk, TensorDtype dtype, Rounding rounding) {
        if (dtype == TensorDtype.BF16) {
            return encodeBfloat16(chunk, rounding);
        }
        DataType type = dtype.arrayType().orElseThrow();
        if (chunk.getDataType() == type) {
            return chunk.toByteBuffer();
        }
        try (NDArray converted = chunk.toType(type, true)) {
            rounding.note(chunk, converted);
            return converted.toByteBuffer();
        }
    }

    private static ByteBuffer encodeBfloat16(NDArray chunk, Rounding rounding) {
        float[] values;
        try (NDArray single = chunk.toType(DataType.FLOAT32, true)) {
            values = single.toFloatArray();
        }
        ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            short rounded = Bfloat16.round(value);
            bytes.putShort(rounded);
            rounding.note(value, Float.intBitsToFloat(Bfloat16.widen(rounded)));
        }
        return bytes.flip();
    }
}
