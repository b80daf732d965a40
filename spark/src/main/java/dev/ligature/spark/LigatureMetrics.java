package dev.ligature.spark;

import java.io.Serializable;
import org.apache.spark.SparkContext;
import org.apache.spark.util.LongAccumulator;

/**
 * What tasks count, as accumulators of Spark, which its pages show. A task that Spark runs again
 * counts again.
 */
public final class LigatureMetrics implements Serializable {
    private static final long serialVersionUID = 1;

    private final LongAccumulator rows;
    private final LongAccumulator failures;
    private final LongAccumulator tokens;
    private final LongAccumulator padding;
    private final LongAccumulator batches;
    private final LongAccumulator loads;

    private LigatureMetrics(SparkContext context) {
        rows = context.longAccumulator("ligature.rows");
        failures = context.longAccumulator("ligature.failures");
        tokens = context.longAccumulator("ligature.tokens");
        padding = context.longAccumulator("ligature.padding");
        batches = context.longAccumulator("ligature.batches");
        loads = context.longAccumulator("ligature.adapterLoads");
    }

    /**
     * Registers counters that begin at 0.
     *
     * @param context the session's context
     */
    public static LigatureMetrics register(SparkContext context) {
        return new LigatureMetrics(context);
    }

    /** Returns the number of rows with a result. */
    public long rows() {
        return rows.value();
    }

    /** Returns the number of rows with an error. */
    public long failures() {
        return failures.value();
    }

    /** Returns the number of tokens of the texts with a result. */
    public long tokens() {
        return tokens.value();
    }

    /** Returns the number of batches. */
    public long batches() {
        return batches.value();
    }

    /** Returns the number of adapters that were read from files. */
    public long adapterLoads() {
        return loads.value();
    }

    /** Returns the part of the tokens in batches that were no padding, 0 to 1; 1 without any. */
    public double fill() {
        long all = tokens.value() + padding.value();
        return all == 0 ? 1 : (double) tokens.value() / all;
    }

    void countBatch(int texts, long ofTexts, long all) {
        batches.add(1);
        rows.add(texts);
        tokens.add(ofTexts);
        padding.add(all - ofTexts);
    }

    void countFailure() {
        failures.add(1);
    }

    void countLoads(long more) {
        loads.add(more);
    }

    @Override
    public String toString() {
        return String.format(
                java.util.Locale.ROOT,
                "%d rows, %d failures, %d tokens, %d batches, fill %.2f, %d adapter loads",
                rows(),
                failures(),
                tokens(),
                batches(),
                fill(),
                adapterLoads());
    }
}
