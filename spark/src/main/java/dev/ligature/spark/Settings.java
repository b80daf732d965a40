package dev.ligature.spark;

import java.io.Serializable;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that a task needs to know, as values that Spark can send.
 *
 * @param task what is computed
 * @param model where the base model is
 * @param adapters where the adapters are; null for none
 * @param adapterBytes the most bytes of adapters in the memory of one JVM
 * @param text the column with the texts
 * @param adapter the column with the names of adapters; null if all rows are for the base
 * @param output the new column with the results
 * @param error the new column with the reasons of failures
 * @param batchRows the most rows of a batch
 * @param batchTokens the most tokens of a batch, padding included, where it has more than one row
 * @param maxNewTokens the most tokens that a generation adds
 * @param temperature what logits are divided by before a token is drawn; 0 takes the likeliest
 * @param seed gives the same draws again
 * @param truncate whether texts that are too long are cut
 * @param failFast whether the first row that fails ends the job
 * @param cache the folder for copies of files; null for one in the machine's temporary folder
 * @param hadoop the driver's settings of Hadoop's file systems
 */
record Settings(
        LigatureTask task,
        String model,
        @Nullable String adapters,
        long adapterBytes,
        String text,
        @Nullable String adapter,
        String output,
        String error,
        int batchRows,
        int batchTokens,
        int maxNewTokens,
        double temperature,
        long seed,
        boolean truncate,
        boolean failFast,
        @Nullable String cache,
        Map<String, String> hadoop)
        implements Serializable {
    /** How many full batches of rows are sorted by length at once. */
    private static final int BATCHES = 16;

    /** Returns how many rows are sorted by length at once. */
    int window() {
        return Math.toIntExact(Math.min((long) BATCHES * batchRows, 1 << 20));
    }

    Settings withHadoop(Map<String, String> settings) {
        return new Settings(
                task,
                model,
                adapters,
                adapterBytes,
                text,
                adapter,
                output,
                error,
                batchRows,
                batchTokens,
                maxNewTokens,
                temperature,
                seed,
                truncate,
                failFast,
                cache,
                settings);
    }
}
