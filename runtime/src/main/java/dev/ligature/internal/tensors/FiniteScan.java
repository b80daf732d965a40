package dev.ligature.internal.tensors;

import ai.djl.ndarray.types.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;

/**
 * Looks for values that are not finite: those whose exponent has all its bits set. It takes eight
 * bytes at a time. A part of a tensor without a value of 2 or more has no exponent with its highest
 * bit set; nearly all parts are such, and one operation for eight bytes finds that out. In the
 * others, adding one to the lowest bit of an exponent carries to the sign's place only if all of
 * its bits are set.
 */
final class FiniteScan {
    private static final int LONGS = 256;

    private static final FiniteScan HALF =
            new FiniteScan(0x7C00_7C00_7C00_7C00L, 0x0400_0400_0400_0400L, 0x8000_8000_8000_8000L);
    private static final FiniteScan SINGLE =
            new FiniteScan(0x7F80_0000_7F80_0000L, 0x0080_0000_0080_0000L, 0x8000_0000_8000_0000L);
    private static final FiniteScan DOUBLE =
            new FiniteScan(0x7FF0_0000_0000_0000L, 0x0010_0000_0000_0000L, 0x8000_0000_0000_0000L);

    private final long exponents;
    private final long lowest;
    private final long carries;
    private final long highest;

    private FiniteScan(long exponents, long lowest, long carries) {
        this.exponents = exponents;
        this.lowest = lowest;
        this.carries = carries;
        this.highest = carries >>> 1;
    }

    /**
     * Returns the index of the first value that is not finite, of all that is left in a buffer; -1
     * if there is none. The buffer's position stays.
     *
     * @param type the data type of the values; integers are finite
     */
    static int firstNotFinite(ByteBuffer bytes, DataType type) {
        FiniteScan scan =
                switch (type) {
                    case FLOAT16 -> HALF;
                    case FLOAT32 -> SINGLE;
                    case FLOAT64 -> DOUBLE;
                    default -> null;
                };
        return scan == null || scan.isFinite(bytes) ? -1 : scan.first(bytes, type.getNumOfBytes());
    }

    private boolean isFinite(ByteBuffer bytes) {
        ByteBuffer view = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
        LongBuffer longs = view.asLongBuffer();
        long[] part = new long[Math.min(LONGS, longs.remaining())];
        long found = 0;
        while (longs.hasRemaining()) {
            int count = Math.min(part.length, longs.remaining());
            longs.get(part, 0, count);
            if ((any(part, count) & highest) != 0) {
                found |= carries(part, count);
            }
        }
        long rest = 0; // the bytes after the last eight; zeros are finite
        for (int at = view.limit() & ~7; at < view.limit(); at++) {
            rest |= (view.get(at) & 0xFFL) << (8 * (at & 7));
        }
        found |= (rest & exponents) + lowest;
        return (found & carries) == 0;
    }

    private long carries(long[] part, int count) {
        long sum = 0;
        for (int i = 0; i < count; i++) {
            sum |= (part[i] & exponents) + lowest;
        }
        return sum;
    }

    /** Returns the bits that any value has; four at a time, which the processor does at once. */
    private static long any(long[] part, int count) {
        long a = 0;
        long b = 0;
        long c = 0;
        long d = 0;
        int i = 0;
        for (; i + 3 < count; i += 4) {
            a |= part[i];
            b |= part[i + 1];
            c |= part[i + 2];
            d |= part[i + 3];
        }
        for (; i < count; i++) {
            a |= part[i];
        }
        return a | b | c | d;
    }

    private int first(ByteBuffer bytes, int size) {
        ByteBuffer view = bytes.slice();
        for (int index = 0; index < view.limit() / size; index++) {
            if (!isFinite(view.slice(index * size, size))) {
                return index;
            }
        }
        return -1;
    }
}
