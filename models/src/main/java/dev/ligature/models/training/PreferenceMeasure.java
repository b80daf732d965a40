package dev.ligature.models.training;

import ai.djl.ndarray.NDList;
import dev.ligature.models.evaluation.Measure;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Of preferences: the mean rewards, β times how much more probable a text is than by the reference,
 * and the part of the pairs whose chosen text has the greater one.
 */
final class PreferenceMeasure implements Measure {
    private final double beta;
    private long pairs;
    private long right;
    private double chosen;
    private double rejected;

    PreferenceMeasure(double beta) {
        this.beta = beta;
    }

    @Override
    public void add(NDList labels, NDList outputs, long items) {
        float[] ratios = PreferenceLoss.ratios(labels, outputs, false).toFloatArray();
        for (int pair = 0; pair < items; pair++) {
            float better = ratios[pair];
            float worse = ratios[(int) items + pair];
            chosen += beta * better;
            rejected += beta * worse;
            right += better > worse ? 1 : 0;
            pairs++;
        }
    }

    @Override
    public Map<String, Double> numbers(double loss) {
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("reward_accuracy", (double) right / pairs);
        numbers.put("reward_margin", (chosen - rejected) / pairs);
        numbers.put("reward_chosen", chosen / pairs);
        numbers.put("reward_rejected", rejected / pairs);
        return numbers;
    }
}
