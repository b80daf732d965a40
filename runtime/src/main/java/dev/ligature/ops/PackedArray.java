package dev.ligature.ops;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrayAdapter;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A matrix of fp32 that is held in fewer bits: the weight of a linear or an embedding in a base
 * that is served. Shape and data type are those of the matrix. {@link #linear} and {@link #rows}
 * compute with the bits; what reads values, such as {@link #stopGradient} and {@link
 * #toByteBuffer}, gets them as fp32. DJL's other operations throw {@link
 * UnsupportedOperationException}.
 *
 * <p>Reading is thread-safe. Nothing can be written.
 */
public abstract class PackedArray extends NDArrayAdapter {
    private final WeightPrecision precision;
    private final NDArray data;
    private final @Nullable NDArray scales;

    /**
     * Creates an array. For the module of an engine.
     *
     * @param precision what the bits mean
     * @param shape the shape of the matrix
     * @param data the bits, which only the engine need understand; closed with this
     * @param scales what {@code data} is scaled by, where it is; closed with this
     * @param manager the owner of this, of the data and of the scales
     */
    @SuppressWarnings("this-escape") // a manager knows its arrays from the start
    protected PackedArray(
            WeightPrecision precision,
            Shape shape,
            NDArray data,
            @Nullable NDArray scales,
            NDManager manager) {
        super(
                Objects.requireNonNull(manager, "manager"),
                null,
                Objects.requireNonNull(shape, "shape"),
                DataType.FLOAT32,
                UUID.randomUUID().toString());
        this.precision = Objects.requireNonNull(precision, "precision");
        this.data = Objects.requireNonNull(data, "data");
        this.scales = scales;
        attach(manager);
    }

    /**
     * Returns an array that DJL computes with: the values of a packed one, or the array itself.
     *
     * @param array the array
     * @param owner the manager of what is new
     */
    public static NDArray plain(NDArray array, NDManager owner) {
        Objects.requireNonNull(array, "array");
        return array instanceof PackedArray packed ? packed.unpacked(owner) : array;
    }

    /** Returns how the values are held. */
    public WeightPrecision precision() {
        return precision;
    }

    /** Returns the bits. */
    public NDArray data() {
        return data;
    }

    /** Returns what the bits are scaled by; null where they are not. */
    public @Nullable NDArray scales() {
        return scales;
    }

    /** Returns the bytes that the values take. */
    public long byteCount() {
        return switch (precision) {
            case BF16 -> 2 * getShape().size();
            case INT8 -> getShape().size() + 2 * getShape().get(0);
        };
    }

    /**
     * Returns the values as fp32, in memory of their own.
     *
     * @param owner the manager of the result
     */
    public abstract NDArray unpacked(NDManager owner);

    /**
     * Returns {@code x Wᵀ + bias}, W being this. The product rounds x to bfloat16, adds in fp32,
     * and rounds its result to bfloat16, where the processor multiplies that faster; else it
     * unpacks W.
     *
     * @param x {@code (…, in)} fp32
     * @param bias {@code (out)} fp32, if there is one
     * @return a new array {@code (…, out)} fp32, which belongs to x's manager
     */
    public abstract NDArray linear(NDArray x, @Nullable NDArray bias);

    /**
     * Returns some rows.
     *
     * @param ids {@code (…)}, int32 or int64
     * @return a new array {@code (…, d)} fp32, which belongs to the ids' manager
     */
    public abstract NDArray rows(NDArray ids);

    @Override
    public final void attach(NDManager next) {
        super.attach(next);
        data.attach(next);
        if (scales != null) {
            scales.attach(next);
        }
    }

    @Override
    public final void tempAttach(NDManager next) {
        throw unsupported();
    }

    @Override
    public final void detach() {
        getManager().detachInternal(getUid());
        data.detach();
        if (scales != null) {
            scales.detach();
        }
    }

    @Override
    public final void intern(NDArray replaced) {
        throw unsupported();
    }

    private static UnsupportedOperationException unsupported() {
        return new UnsupportedOperationException("The weights of a base stay as they were loaded");
    }

    @Override
    public final boolean hasGradient() {
        return false;
    }

    /** Returns the values as fp32; they belong to this array's manager. */
    @Override
    public final NDArray stopGradient() {
        return unpacked(getManager());
    }

    @Override
    public final ByteBuffer toByteBuffer(boolean tryDirect) {
        try (NDArray values = unpacked(getManager())) {
            return values.toByteBuffer(false);
        }
    }

    @Override
    public final void close() {
        data.close();
        if (scales != null) {
            scales.close();
        }
        super.close();
    }

    @Override
    public String toString() {
        return "PackedArray(" + precision + ", " + getShape() + ")";
    }
}
