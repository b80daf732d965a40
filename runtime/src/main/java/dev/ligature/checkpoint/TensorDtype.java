package dev.ligature.checkpoint;

import ai.djl.ndarray.types.DataType;
import java.util.Objects;
import java.util.Optional;

/**
 * The data types of the safetensors format, in the order by which files lay their tensors out: the
 * later ones come first.
 *
 * <p>Not every one can be an array. BF16 has none, because such an array aborts the JVM in DJL's
 * PyTorch engine; it is read as float32, which holds every value of it.
 */
public enum TensorDtype {
    /** One byte, 0 or 1. */
    BOOL(1, DataType.BOOLEAN),
    /** Unsigned, 8 bits. */
    U8(1, DataType.UINT8),
    /** Signed, 8 bits. */
    I8(1, DataType.INT8),
    /** Floating, 5 bits of exponent; no array. */
    F8_E5M2(1, DataType.UNKNOWN),
    /** Floating, 4 bits of exponent; no array. */
    F8_E4M3(1, DataType.UNKNOWN),
    /** A power of two; no array. */
    F8_E8M0(1, DataType.UNKNOWN),
    /** Floating, 4 bits of exponent, without infinities; no array. */
    F8_E4M3FNUZ(1, DataType.UNKNOWN),
    /** Floating, 5 bits of exponent, without infinities; no array. */
    F8_E5M2FNUZ(1, DataType.UNKNOWN),
    /** Signed, 16 bits; no array. */
    I16(2, DataType.UNKNOWN),
    /** Unsigned, 16 bits; no array. */
    U16(2, DataType.UNKNOWN),
    /** IEEE half precision. */
    F16(2, DataType.FLOAT16),
    /** The upper half of a float32; its array is float32. */
    BF16(2, DataType.FLOAT32),
    /** Signed, 32 bits. */
    I32(4, DataType.INT32),
    /** Unsigned, 32 bits; no array. */
    U32(4, DataType.UNKNOWN),
    /** IEEE single precision. */
    F32(4, DataType.FLOAT32),
    /** Complex, two float32; no array. */
    C64(8, DataType.UNKNOWN),
    /** IEEE double precision. */
    F64(8, DataType.FLOAT64),
    /** Signed, 64 bits. */
    I64(8, DataType.INT64),
    /** Unsigned, 64 bits; no array. */
    U64(8, DataType.UNKNOWN);

    private final int bytes;
    private final DataType arrayType;

    TensorDtype(int bytes, DataType arrayType) {
        this.bytes = bytes;
        this.arrayType = arrayType;
    }

    /** Returns the number of bytes of an element. */
    public int bytes() {
        return bytes;
    }

    /** Returns the data type of the array it is read to, empty where it cannot be read to one. */
    public Optional<DataType> arrayType() {
        return arrayType == DataType.UNKNOWN ? Optional.empty() : Optional.of(arrayType);
    }

    /** Returns whether it is one of BF16, F16, F32 and F64, the types that weights have here. */
    public boolean isWeightType() {
        return this == BF16 || this == F16 || this == F32 || this == F64;
    }

    /** Returns the type with that name in a file, empty if the format has none. */
    public static Optional<TensorDtype> ofName(String name) {
        Objects.requireNonNull(name, "name");
        for (TensorDtype dtype : values()) {
            if (dtype.name().equals(name)) {
                return Optional.of(dtype);
            }
        }
        return Optional.empty();
    }

    /**
     * Returns the type that an array is written as unless another is asked for.
     *
     * @throws IllegalArgumentException if the format has no such type
     */
    public static TensorDtype of(DataType type) {
        Objects.requireNonNull(type, "type");
        for (TensorDtype dtype : values()) {
            if (dtype != BF16 && dtype.arrayType == type && type != DataType.UNKNOWN) {
                return dtype;
            }
        }
        throw new IllegalArgumentException(
                "Arrays of type " + type + " cannot be written to a safetensors file.");
    }
}
