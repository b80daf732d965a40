package dev.ligature.internal.tensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.TensorDtype;
import dev.ligature.checkpoint.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A tensor that is to be written: an array, or a tensor of another file.
 *
 * @param dtype its data type in the new file
 * @param shape its shape
 * @param content hands out the bytes, in order
 */
public record TensorSource(TensorDtype dtype, Shape shape, Content content) {

    /** Hands out the bytes of a tensor. */
    @FunctionalInterface
    public interface Content {
        /** Writes all bytes of the tensor, in order. */
        void writeTo(TensorBytes.Output output) throws IOException;
    }

    /** Returns an array as a source, in its own data type. */
    public static TensorSource of(NDArray array) {
        return of(array, TensorDtype.of(array.getDataType()), new Rounding());
    }

    /**
     * Returns an array as a source in another data type.
     *
     * @param array the array, which must be open until it is written
     * @param dtype the data type in the file
     * @param rounding notes how far values were rounded, while they are written
     */
    public static TensorSource of(NDArray array, TensorDtype dtype, Rounding rounding) {
        return new TensorSource(
                dtype,
                array.getShape(),
                output -> TensorBytes.fromArray(array, dtype, output, rounding));
    }

    /**
     * Returns a tensor of a file as a source, byte for byte.
     *
     * @param reader the file, which must be open until the tensor is written
     * @param tensor a tensor of it
     */
    public static TensorSource copyOf(SafetensorsReader reader, TensorInfo tensor) {
        return new TensorSource(
                tensor.dtype(), tensor.shape(), output -> copy(reader, tensor, output));
    }

    /** Returns the number of bytes it takes. */
    public long byteCount() {
        return Math.multiplyExact(shape.size(), (long) dtype.bytes());
    }

    private static void copy(SafetensorsReader reader, TensorInfo tensor, TensorBytes.Output output)
            throws IOException {
        ByteBuffer buffer =
                ByteBuffer.allocate((int) Math.min(TensorBytes.CHUNK, tensor.byteCount()));
        for (long at = 0; at < tensor.byteCount(); at += buffer.capacity()) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), tensor.byteCount() - at));
            reader.readBytes(tensor, at, buffer);
            output.write(buffer.flip());
        }
    }
}
