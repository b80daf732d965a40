package dev.ligature.models.cases;

import com.google.gson.JsonElement;
import java.util.Arrays;

/**
 * Sums of logits, s_k = n^-1/2 Σ_i logits_i cos((k + 1)(i + 1) / 10) for k of 0 to 7, by which
 * {@code interop/make_edits.py} notes many of them.
 */
final class LogitSums {
    private static final int COUNT = 8;
    private static final double EPSILON = 1e-4;

    private final double[] values;

    private LogitSums(double[] values) {
        this.values = values;
    }

    static LogitSums of(float[] logits) {
        double[] sums = new double[COUNT];
        for (int k = 0; k < COUNT; k++) {
            for (int i = 0; i < logits.length; i++) {
                sums[k] += logits[i] * Math.cos((k + 1) * (i + 1) / 10.0);
            }
            sums[k] /= Math.sqrt(logits.length);
        }
        return new LogitSums(sums);
    }

    static LogitSums of(JsonElement noted) {
        return new LogitSums(
                noted.getAsJsonArray().asList().stream()
                        .mapToDouble(JsonElement::getAsDouble)
                        .toArray());
    }

    boolean areCloseTo(LogitSums expected) {
        for (int k = 0; k < COUNT; k++) {
            double error = Math.abs(values[k] - expected.values[k]);
            if (!(error <= EPSILON * (1 + Math.abs(expected.values[k])))) {
                return false;
            }
        }
        return true;
    }

    @Override
    public String toString() {
        return Arrays.toString(values);
    }
}
