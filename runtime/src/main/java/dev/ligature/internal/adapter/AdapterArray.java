package dev.ligature.internal.adapter;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import dev.ligature.block.Cast;

/** An array of an adapter: as a parameter for trainers, and without a graph for serving. */
public final class AdapterArray {
    private final Parameter parameter;

    /**
     * Creates the parameter of an array.
     *
     * @param array its values, which belong to the manager
     * @param manager the owner
     */
    AdapterArray(String name, Parameter.Type type, NDArray array, NDManager manager) {
        parameter =
                Parameter.builder()
                        .setName(name)
                        .setType(type)
                        .optShape(array.getShape())
                        .optInitializer((ignored, shape, dataType) -> array)
                        .build();
        parameter.freeze(true);
        parameter.initialize(manager, array.getDataType());
    }

    /** Returns what a trainer trains. */
    Parameter parameter() {
        return parameter;
    }

    /**
     * Returns the values as they are now, for computing without a graph in any thread: the
     * parameter's own array while it is frozen. That of a trained one is shared anew for each use,
     * because {@code NDArray.set(Buffer)} gives the parameter another storage unseen.
     *
     * @param owner the manager of what is not the parameter's own
     */
    public NDArray detached(NDManager owner) {
        NDArray array = parameter.getArray();
        return array.hasGradient() ? attached(array.stopGradient(), owner) : array;
    }

    /** Returns a copy of the values as they are now. */
    NDArray copy(NDManager owner) {
        return copy(parameter.getArray(), parameter.getArray().getDataType(), owner);
    }

    /** Frees what {@link #detached} returned, unless it is the parameter's own array. */
    void release(NDArray used) {
        if (used != parameter.getArray()) {
            used.close();
        }
    }

    /**
     * Returns an array after making it the owner's: what an operation returns belongs to the
     * manager of its left operand, which may live for ever.
     */
    public static NDArray attached(NDArray array, NDManager owner) {
        array.attach(owner);
        return array;
    }

    /** Returns an array in a data type; a new one, with the graph of the other, has the owner. */
    public static NDArray in(DataType type, NDArray array, NDManager owner) {
        NDArray cast = Cast.to(array, type);
        return cast == array ? array : attached(cast, owner);
    }

    /** Returns numbers in an array of the manager, which may have Java's memory. */
    public static NDArray create(double[] values, Shape shape, DataType type, NDManager manager) {
        if (type == DataType.FLOAT64) {
            return manager.create(values, shape);
        }
        float[] narrow = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            narrow[i] = (float) values[i];
        }
        return manager.create(narrow, shape);
    }

    /** Returns a number as a scalar of the manager. */
    static NDArray scalar(double value, DataType type, NDManager manager) {
        return create(new double[] {value}, new Shape(), type, manager);
    }

    /**
     * Returns an array in memory of the engine. What is created of an array of Java has its memory,
     * which is gone with the next garbage collection.
     */
    static NDArray own(NDArray created, NDManager owner) {
        try (created) {
            return copy(created, created.getDataType(), owner);
        }
    }

    /** Returns a copy of values of the base in a data type, without a graph. */
    public static NDArray copy(NDArray values, DataType type, NDManager owner) {
        NDArray copy = owner.zeros(values.getShape(), type);
        try (NDArray flat = values.stopGradient()) {
            copy.set(new NDIndex(":"), flat); // casts, and copies where the type is the same
        }
        return copy;
    }

    /** Returns a copy in a data type that belongs to the manager and lies in one piece. */
    static NDArray owned(NDArray array, DataType type, NDManager manager) {
        return manager.zeros(array.getShape(), type).addi(array);
    }
}
