package dev.ligature.models.block;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How far a position turns the heads of a layer.
 *
 * @param theta the base of the frequencies
 * @param fraction the share of a head that is turned, from its first element on
 * @param scaling how the frequencies are stretched; null if they are not
 */
public record Rope(double theta, double fraction, @Nullable Scaling scaling) {
    /** Of layers that know no positions. */
    public static final Rope NONE = new Rope(1, 0, null);

    /** Returns frequencies that turn whole heads and are not stretched. */
    public static Rope of(double theta) {
        return new Rope(theta, 1, null);
    }

    /** Returns how many elements of a head of size D are turned. */
    public int turned(int headDim) {
        return (int) (headDim * fraction);
    }

    /**
     * Returns the frequencies of a head of size D, as {@link RotaryTables#signedFrequencies} signs
     * them, and 0 for the elements that are not turned.
     */
    public float[] signedFrequencies(int headDim) {
        float[] signed = RotaryTables.signedFrequencies(theta, turned(headDim));
        if (scaling != null) {
            for (int i = 0; i < signed.length; i++) {
                signed[i] = Math.copySign(scaling.scaled(Math.abs(signed[i])), signed[i]);
            }
        }
        return Arrays.copyOf(signed, headDim);
    }

    /** Stretches rotary frequencies for texts longer than those of the first training. */
    public sealed interface Scaling {
        /**
         * Returns a frequency as it is after scaling, rounded to fp32 step by step as torch does.
         */
        float scaled(float frequency);
    }

    /**
     * Divides all frequencies, as {@code rope_type: linear} does.
     *
     * @param factor what they are divided by
     */
    public record Linear(double factor) implements Scaling {
        @Override
        public float scaled(float frequency) {
            return frequency / (float) factor;
        }
    }

    /**
     * Stretches rotary frequencies for texts longer than those of the first training, as {@code
     * rope_type: llama3} does: waves longer than {@code original / lowFactor} are divided by the
     * factor, those shorter than {@code original / highFactor} stay, those between are
     * interpolated.
     *
     * @param factor what long waves are divided by
     * @param lowFactor {@code low_freq_factor}
     * @param highFactor {@code high_freq_factor}, more than the other one
     * @param originalPositions {@code original_max_position_embeddings}
     */
    public record Llama3(
            double factor, double lowFactor, double highFactor, double originalPositions)
            implements Scaling {
        @Override
        public float scaled(float frequency) {
            float length = (float) (2 * Math.PI) / frequency;
            if (length > originalPositions / lowFactor) {
                return frequency / (float) factor;
            }
            if (length < originalPositions / highFactor) {
                return frequency;
            }
            float share =
                    ((float) originalPositions / length - (float) lowFactor)
                            / (float) (highFactor - lowFactor);
            return (1 - share) * frequency / (float) factor + share * frequency;
        }
    }
}
