package dev.ligature.models.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.ops.LayerTerms;

/**
 * The cosines and sines that turn queries and keys by their positions (Su et al., "RoFormer", 2021;
 * the halves of a head are paired, as Transformers does: {@code x · cos + rotate_half(x) · sin}).
 *
 * <p>Angles are products of fp32 position and fp32 frequency, as in Transformers, so that long
 * texts give its numbers. Two things are folded into the tables, once per forward pass rather than
 * once per layer: the sign of {@code rotate_half}, and the scale of attention, often {@code 1/√D},
 * into those of the queries.
 *
 * @param queryCos {@code (B or 1, 1, 1, T, D)}, scaled cosines; of one token {@code (B or 1, 1, 1,
 *     D)}
 * @param querySin of the same shape, scaled signed sines
 * @param keyCos {@code (B or 1, 1, T, D)}, cosines
 * @param keySin {@code (B or 1, 1, T, D)}, sines, negative in the first half of D
 */
public record RotaryTables(NDArray queryCos, NDArray querySin, NDArray keyCos, NDArray keySin) {

    /**
     * Computes the tables for some positions, attached to their manager.
     *
     * @param positions fp32, {@code (B or 1, T)}
     * @param frequencies of {@link Rope#signedFrequencies}
     * @param scale what the queries are multiplied by
     * @param dataType the data type of the queries and keys
     */
    public static RotaryTables at(
            NDArray positions, float[] frequencies, float scale, DataType dataType) {
        NDManager manager = positions.getManager();
        Shape p = positions.getShape();
        NDArray angles =
                positions
                        .reshape(p.get(0), 1, p.get(1), 1)
                        .mul(manager.create(frequencies)); // (B, 1, T, 1) * (D) -> (B, 1, T, D)
        NDArray cos = angles.cos(); // (B, 1, T, D)
        NDArray sin = angles.sin(); // (B, 1, T, D)
        NDArray factor = manager.full(new Shape(), scale, DataType.FLOAT32);
        return new RotaryTables(
                ofQueries(cos.mul(factor)).toType(dataType, false),
                ofQueries(sin.mul(factor)).toType(dataType, false),
                cos.toType(dataType, false),
                sin.toType(dataType, false));
    }

    /** Returns the tables of one token a text, and how much of a head they turn. */
    LayerTerms.Rotation rotation(int turned) {
        return new LayerTerms.Rotation(queryCos, querySin, keyCos, keySin, turned);
    }

    private static NDArray ofQueries(NDArray table) {
        Shape shape = table.getShape(); // (B or 1, 1, T, D)
        long tokens = shape.get(2);
        return tokens == 1 ? table : table.reshape(shape.get(0), 1, 1, tokens, shape.get(3));
    }

    /**
     * Returns {@code θ^(−2i/D)} for i in 0 … D/2−1, negated in the first half and as it is in the
     * second: cosines do not see the sign, and sines take it, which is that of {@code rotate_half}.
     *
     * @param theta the base θ
     * @param headDim the size D of a head
     */
    public static float[] signedFrequencies(double theta, int headDim) {
        float[] signed = new float[headDim];
        int half = headDim / 2;
        for (int i = 0; i < half; i++) {
            // Exponent, power and reciprocal are rounded to fp32 one by one, as torch does.
            float exponent = (float) (2 * i) / headDim;
            float frequency = 1f / (float) Math.pow(theta, exponent);
            signed[i] = -frequency;
            signed[half + i] = frequency;
        }
        return signed;
    }

    /**
     * Turns heads by a pair of tables.
     *
     * @param x {@code (…, T, D)}; may be a view with permuted axes
     * @param cos the cosines, broadcast against x
     * @param sin the signed sines, broadcast against x
     * @param turned how many elements of a head are turned, from the first on; of the others the
     *     tables have the angle 0
     * @return {@code (…, T, D)}
     */
    public static NDArray turn(NDArray x, NDArray cos, NDArray sin, int turned) {
        if (turned == 0) {
            return x.mul(cos); // (…, T, D)
        }
        Shape shape = x.getShape();
        int last = shape.dimension() - 1;
        boolean whole = turned == shape.get(last);
        long half = turned / 2;
        NDList parts = x.split(whole ? new long[] {half} : new long[] {half, turned}, last);
        NDList exchanged = new NDList(parts.get(1), parts.get(0)).addAll(parts.subNDList(2));
        // The swapped copy is contiguous even where x is a view, and the sum is made in it. That
        // spares the copy that a product of permuted heads would make. Overwriting it is safe under
        // autograd: the tables need no gradient, so nothing was kept.
        NDArray swapped = NDArrays.concat(exchanged, last);
        return swapped.muli(sin).addi(x.mul(cos)); // (…, T, D)
    }
}
