package dev.ligature.internal.tensors;

import ai.djl.ndarray.types.DataType;
import dev.ligature.checkpoint.CheckpointException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * Refuses a tensor with a value that is not finite.
 *
 * @param file the file, for messages
 */
public record FiniteCheck(Path file, String tensor) implements TensorBytes.Check {
    @Override
    public void look(ByteBuffer bytes, DataType type, long from) throws CheckpointException {
        int index = FiniteScan.firstNotFinite(bytes, type);
        if (index >= 0) {
            throw TensorMessage.NOT_FINITE.fileError(
                    file, tensor, from + index, value(bytes, type, index));
        }
    }

    private static String value(ByteBuffer bytes, DataType type, int index) {
        int size = type.getNumOfBytes();
        ByteBuffer one = bytes.slice(bytes.position() + index * size, size);
        one.order(ByteOrder.LITTLE_ENDIAN);
        if (type == DataType.FLOAT16) {
            short half = one.getShort(0);
            return (half & 0x3FF) != 0 ? "NaN" : half < 0 ? "-Infinity" : "Infinity";
        }
        return String.valueOf(type == DataType.FLOAT64 ? one.getDouble(0) : one.getFloat(0));
    }
}
