package dev.ligature.spark;

import dev.ligature.cli.Training;
import dev.ligature.training.GradientExchange;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;

/** The command {@code train}, with the gradients of a cluster. */
final class TrainingJob {
    private static final List<String> HELP = List.of("-h", "--help", "-V", "--version");

    private TrainingJob() {}

    /**
     * Runs it, and returns the exit code of the process.
     *
     * @param options the options of {@code train}
     */
    static int run(String... options) throws IOException {
        if (Arrays.stream(options).anyMatch(HELP::contains)) {
            return Training.run(TrainingJob::none, options); // without waiting for Spark
        }
        try (SparkSession spark = SparkSession.builder().appName("ligature").getOrCreate()) {
            Map<String, String> hadoop = new HashMap<>();
            spark.sparkContext()
                    .hadoopConfiguration()
                    .forEach(entry -> hadoop.put(entry.getKey(), entry.getValue()));
            TrainingArguments sent = TrainingArguments.of(options, hadoop);
            return Training.run(
                    () -> SparkExchange.start(spark, sent),
                    TrainingArguments.ofDriver(options, hadoop));
        }
    }

    private static GradientExchange none() throws IOException {
        throw new IOException("Help needs no gradients.");
    }
}
