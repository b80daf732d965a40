package dev.ligature.internal.tensors;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dev.ligature.checkpoint.CheckpointException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Refuses a tensor with a value that is not finite, or not in the data type that it is read to.
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

    /**
     * Returns an array in another data type, which must hold its values; the array itself if that
     * is its own.
     *
     * @param array finite values
     * @throws CheckpointException if one becomes infinite
     */
    public NDArray convert(NDArray array, DataType type) throws CheckpointException {
        if (array.getDataType() == type) {
            return array;
        }
        NDArray converted = array.toType(type, true);
        if (type.getNumOfBytes() >= array.getDataType().getNumOfBytes()) {
            return converted;
        }
        try (NDArray infinite = converted.isInfinite();
                NDArray some = infinite.any()) {
            if (!some.getBoolean()) {
                return converted;
            }
            boolean[] places = infinite.toBooleanArray();
            int index = 0;
            while (!places[index]) {
                index++;
            }
            try (NDArray flat = array.reshape(-1);
                    NDArray value = flat.get(index);
                    NDArray wide = value.toType(DataType.FLOAT64, true)) {
                throw TensorMessage.NOT_FINITE.fileError(
                        file,
                        tensor,
                        index,
                        wide.getDouble() + ", infinite in " + type.name().toLowerCase(Locale.ROOT));
            }
        } catch (CheckpointException | RuntimeException e) {
            converted.close();
            throw e;
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
