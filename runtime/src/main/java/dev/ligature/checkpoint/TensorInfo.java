package dev.ligature.checkpoint;

import ai.djl.ndarray.types.Shape;

/**
 * A tensor of a safetensors file.
 *
 * @param name its name
 * @param dtype its data type in the file
 * @param shape its shape; a scalar has no dimensions
 * @param offset where its bytes begin, counted from the start of the file
 * @param byteCount the number of its bytes
 */
public record TensorInfo(String name, TensorDtype dtype, Shape shape, long offset, long byteCount) {

    /** Returns the number of elements. */
    public long size() {
        return byteCount / dtype.bytes();
    }

    @Override
    public String toString() {
        return name + " " + dtype + " " + shape;
    }
}
