package dev.ligature.internal.tensors;

/**
 * Conversions between bfloat16 and float32, as bit patterns.
 *
 * <p>A bfloat16 is the upper half of a float32, so widening is exact. Rounding is to nearest, ties
 * to even, as IEEE 754 and torch have it; a NaN stays one.
 */
public final class Bfloat16 {
    private Bfloat16() {}

    /** Returns the bits of the float32 that has the value of these bfloat16 bits. */
    public static int widen(short bits) {
        return bits << 16;
    }

    /**
     * Returns the bits of two float32, the first in the lower half, that have the values of the two
     * bfloat16 in the lower half of these bits.
     */
    public static long widenTwo(long bits) {
        return (bits & 0xFFFFL) << 16 | (bits & 0xFFFF_0000L) << 32;
    }

    /** Returns the bits of the bfloat16 nearest to the float32. */
    public static short round(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            // Sets the quiet bit: the payload that is left may be zero, which would be infinity.
            return (short) ((bits >>> 16) | 0x40);
        }
        int even = (bits >>> 16) & 1;
        return (short) ((bits + 0x7FFF + even) >>> 16);
    }
}
