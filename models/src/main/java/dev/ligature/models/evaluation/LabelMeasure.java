package dev.ligature.models.evaluation;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Of labels: accuracy, and F1 as scikit-learn's {@code f1_score} with {@code average="macro"}: the
 * mean over the labels that are right or found anywhere, whatever their number.
 */
public final class LabelMeasure extends ClassMeasure {
    private final Map<Long, Long> right = new TreeMap<>();
    private final Map<Long, Long> found = new TreeMap<>();
    private final Map<Long, Long> hits = new TreeMap<>();

    @Override
    void count(long label, long best) {
        right.merge(label, 1L, Long::sum);
        found.merge(best, 1L, Long::sum);
        if (label == best) {
            hits.merge(label, 1L, Long::sum);
        }
    }

    @Override
    public Map<String, Double> numbers(double loss) {
        Set<Long> labels = new TreeSet<>(right.keySet());
        labels.addAll(found.keySet());
        double f1 = 0;
        for (Long label : labels) {
            long there = right.getOrDefault(label, 0L) + found.getOrDefault(label, 0L);
            f1 += 2.0 * hits.getOrDefault(label, 0L) / there;
        }
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("accuracy", sum(hits) / sum(right));
        numbers.put("macro_f1", f1 / labels.size());
        return numbers;
    }

    private static double sum(Map<Long, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }
}
