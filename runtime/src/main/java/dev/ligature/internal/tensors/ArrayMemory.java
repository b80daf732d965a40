package dev.ligature.internal.tensors;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The memory of arrays as buffers, where an engine shows it: what is written to a buffer is in the
 * array, without a copy. DJL's PyTorch engine does, on the processor.
 */
final class ArrayMemory {
    /** The elements of an array that are filled at a time. */
    static final int PART = 1 << 20;

    private static final Map<String, Boolean> SHOWN = new ConcurrentHashMap<>();

    private ArrayMemory() {}

    /** Returns whether the memory of a manager's arrays can be written. */
    static boolean isShown(NDManager manager) {
        return Device.cpu().equals(manager.getDevice())
                && SHOWN.computeIfAbsent(
                        manager.getEngine().getEngineName(), engine -> shows(manager));
    }

    /** Other engines may hand out copies, so a write is tried. */
    private static boolean shows(NDManager manager) {
        try (NDArray one = manager.zeros(new Shape(1))) {
            ByteBuffer memory = one.toByteBuffer(true);
            if (memory.isDirect() && !memory.isReadOnly()) {
                memory.order(ByteOrder.nativeOrder()).putFloat(0, 1f);
            }
            return one.getFloat() == 1f;
        } catch (UnsupportedOperationException e) {
            return false;
        }
    }

    /**
     * Returns the memory of a part of an array, which must not be used after the array is closed.
     *
     * @param array an array that was just created, of a manager whose memory is shown
     * @param from the first element
     * @param count the elements, at least one; their bytes fit into a buffer
     */
    static ByteBuffer of(NDArray array, long from, long count) {
        if (count == array.size()) {
            return buffer(array);
        }
        try (NDArray flat = array.reshape(-1); // (…) -> (n), a view
                NDArray part = flat.get(new NDIndex().addSliceDim(from, from + count))) {
            return buffer(part); // (count)
        }
    }

    private static ByteBuffer buffer(NDArray array) {
        return array.toByteBuffer(true).order(ByteOrder.LITTLE_ENDIAN);
    }
}
