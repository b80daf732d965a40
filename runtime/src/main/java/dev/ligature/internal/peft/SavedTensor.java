package dev.ligature.internal.peft;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import java.util.function.UnaryOperator;

/**
 * A tensor of an adapter file, and the array of the adapter that it holds.
 *
 * @param name the name under which it is written, without PEFT's prefix
 * @param storedShape its shape in the file
 * @param shape the shape of the array
 * @param toArray makes the array of the stored one: the same or another
 * @param toStored makes what is stored of the array: the same or a view of it
 */
record SavedTensor(
        String name,
        Shape storedShape,
        Shape shape,
        UnaryOperator<NDArray> toArray,
        UnaryOperator<NDArray> toStored) {

    /** Returns a tensor that is stored as it is used. */
    static SavedTensor of(String name, Shape shape) {
        return reshaped(name, shape, shape);
    }

    /** Returns a tensor that is stored in another shape, with its elements in the same order. */
    static SavedTensor reshaped(String name, Shape storedShape, Shape shape) {
        return new SavedTensor(
                name,
                storedShape,
                shape,
                stored -> storedShape.equals(shape) ? stored : stored.reshape(shape),
                array -> storedShape.equals(shape) ? array : array.reshape(storedShape));
    }

    /** Returns a matrix that is stored transposed. */
    static SavedTensor transposed(String name, Shape shape) {
        Shape storedShape = new Shape(shape.get(1), shape.get(0));
        return new SavedTensor(
                name, storedShape, shape, SavedTensor::transposedCopy, NDArray::transpose);
    }

    /** Returns this tensor with another way to make the array. */
    SavedTensor reading(UnaryOperator<NDArray> way) {
        return new SavedTensor(name, storedShape, shape, way, toStored);
    }

    /** Returns the transposed matrix with its elements laid out anew, not a view of the other. */
    private static NDArray transposedCopy(NDArray array) {
        try (NDArray view = array.transpose();
                NDArray flat = view.reshape(-1)) { // copies, because the view has gaps
            return flat.reshape(view.getShape());
        }
    }
}
