package dev.ligature.server.internal.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Counters of the adapters that are asked for most; all others share the label {@code other}. There
 * may be thousands of adapters, and a database of metrics must not have a series for each.
 *
 * <p>An adapter that becomes busier than one with a label takes its place: the other one's counters
 * end, and its requests count as {@code other} from then on. Each counter goes up alone as long as
 * it is there.
 */
final class BusiestAdapters {
    static final String OTHER = "other";

    private static final int MOST_SCORES = 10_000;
    private static final long REQUESTS_OF_AN_AGE = 10_000; // after which scores are halved
    private static final long LEAST_LEAD = 2; // so that equals do not take turns

    private final MeterRegistry registry;
    private final int most;
    private final Series other;

    // All guarded by this.
    private final Map<String, Series> labelled = new HashMap<>();
    private final Map<String, Long> scores = new HashMap<>(); // of those without a label
    private long counted;

    /** The counters of a label. */
    private static final class Series {
        private final List<Counter> counters;
        private long score;

        Series(MeterRegistry registry, String label) {
            this.counters =
                    List.of(
                            counter(registry, "requests", "Requests by adapter.", label),
                            counter(registry, "prompt.tokens", "Prompt tokens by adapter.", label),
                            counter(registry, "new.tokens", "Tokens made by adapter.", label));
        }

        private static Counter counter(
                MeterRegistry registry, String name, String help, String label) {
            return Counter.builder("ligature.adapter." + name)
                    .description(help)
                    .tag("adapter", label)
                    .register(registry);
        }

        void count(long prompt, long made) {
            counters.get(0).increment();
            counters.get(1).increment((double) prompt);
            counters.get(2).increment((double) made);
        }
    }

    /**
     * Creates counters.
     *
     * @param most how many adapters have labels of their own
     */
    BusiestAdapters(MeterRegistry registry, int most) {
        this.registry = registry;
        this.most = most;
        this.other = new Series(registry, OTHER);
    }

    /** Counts a request. */
    synchronized void count(String adapter, long prompt, long made) {
        if (++counted % REQUESTS_OF_AN_AGE == 0) {
            age();
        }
        Series series = labelled.get(adapter);
        if (series == null) {
            series = promoted(adapter);
        }
        if (series == null) {
            other.count(prompt, made);
        } else {
            series.score++;
            series.count(prompt, made);
        }
    }

    /** Returns the counters of an adapter that is to have a label from now on; null if none. */
    private @Nullable Series promoted(String adapter) {
        if (most == 0 || adapter.equals(OTHER)) {
            return null;
        }
        long score = scores.getOrDefault(adapter, 0L) + 1;
        if (labelled.size() >= most) {
            Map.Entry<String, Series> least =
                    labelled.entrySet().stream()
                            .min(Comparator.comparingLong(entry -> entry.getValue().score))
                            .orElseThrow();
            long lead = LEAST_LEAD + least.getValue().score / 4;
            if (score < least.getValue().score + lead) {
                if (scores.containsKey(adapter) || scores.size() < MOST_SCORES) {
                    scores.put(adapter, score);
                }
                return null;
            }
            least.getValue().counters.forEach(registry::remove);
            scores.put(least.getKey(), least.getValue().score);
            labelled.remove(least.getKey());
        }
        scores.remove(adapter);
        Series series = new Series(registry, adapter);
        series.score = score - 1; // this request counts yet
        labelled.put(adapter, series);
        return series;
    }

    /** Forgets by and by what was busy long ago. */
    private void age() {
        labelled.values().forEach(series -> series.score /= 2);
        scores.replaceAll((adapter, score) -> score / 2);
        scores.values().removeIf(score -> score == 0);
    }
}
