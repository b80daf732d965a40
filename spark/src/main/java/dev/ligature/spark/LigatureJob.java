package dev.ligature.spark;

import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * A job for {@code spark-submit}, for users who write no code: it reads a table, computes a column
 * of texts as {@link LigatureTransform} does, and writes the table with the results. Or, with
 * {@code --task train}, it trains an adapter as {@code ./ligature train} does, by {@link
 * SparkExchange}.
 */
@Command(
        name = "ligature-spark",
        description = "Computes a column of texts; another column names the adapter of each row.",
        sortOptions = false)
public final class LigatureJob implements Callable<Integer> {
    private static final int FAILED = 1;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "PATH",
            description = "The base model: a folder, files:NAME, or a Hadoop path.")
    private String model = "";

    @Option(
            names = "--task",
            required = true,
            paramLabel = "TASK",
            description = {
                "What is computed: ${COMPLETION-CANDIDATES}.",
                "Or TRAIN: an adapter is trained, with the options that --task train --help lists."
            })
    private LigatureTask task = LigatureTask.EMBEDDING;

    @Option(
            names = "--adapters",
            paramLabel = "PATH",
            description = "The directory with a folder for each adapter; a path like --model.")
    private @Nullable String adapters;

    @Option(
            names = "--adapter-column",
            paramLabel = "NAME",
            description =
                    "The column with the names of adapters. Default: all rows are the base's.")
    private @Nullable String adapterColumn;

    @Option(
            names = "--adapter-memory",
            paramLabel = "MIB",
            description = "The most MiB of adapters in an executor. Default: ${DEFAULT-VALUE}.")
    private long adapterMemory = 512;

    @Option(
            names = "--text-column",
            paramLabel = "NAME",
            description = "The column with the texts. Default: ${DEFAULT-VALUE}.")
    private String textColumn = "text";

    @Option(names = "--input", required = true, paramLabel = "PATH", description = "What to read.")
    private String input = "";

    @Option(
            names = "--input-format",
            paramLabel = "FORMAT",
            description =
                    "json, parquet, csv or another that Spark knows. Default: ${DEFAULT-VALUE}.")
    private String inputFormat = "json";

    @Option(
            names = "--output",
            required = true,
            paramLabel = "PATH",
            description = "The folder to write; must not exist.")
    private String output = "";

    @Option(
            names = "--output-format",
            paramLabel = "FORMAT",
            description = "json, parquet or another that Spark knows. Default: ${DEFAULT-VALUE}.")
    private String outputFormat = "json";

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            description = "The most rows of a batch. Default: ${DEFAULT-VALUE}.")
    private int batchSize = 32;

    @Option(
            names = "--batch-tokens",
            paramLabel = "N",
            description =
                    "The most tokens of a batch, padding included. Default: ${DEFAULT-VALUE}.")
    private int batchTokens = 8192;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            description = "The most tokens that GENERATION adds. Default: ${DEFAULT-VALUE}.")
    private int maxNewTokens = 64;

    @Option(
            names = "--truncate",
            description = "Cuts texts that are too long, instead of refusing.")
    private boolean truncate;

    @Option(names = "--fail-fast", description = "Ends the job at the first row that fails.")
    private boolean failFast;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Prints this.")
    @SuppressWarnings("UnusedVariable") // picocli reads it
    private boolean help;

    private LigatureJob() {}

    /**
     * Runs the job and ends the process if it failed.
     *
     * @param args the options
     */
    public static void main(String... args) {
        int code = run(args);
        if (code != 0) {
            System.exit(code);
        }
    }

    /** Returns 0, or what the process ends with. */
    static int run(String... args) {
        if (TrainingArguments.isTraining(args)) {
            try {
                return TrainingJob.run(TrainingArguments.ofJob(args));
            } catch (IOException | LoraException e) { // of folders that are not here
                System.err.println("ligature-spark: " + e.getMessage());
                return FAILED;
            }
        }
        return new CommandLine(new LigatureJob())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler(
                        (error, command, parsed) -> {
                            command.getErr().println("ligature-spark: " + reason(error));
                            return FAILED;
                        })
                .execute(args);
    }

    /** Returns what ended the job: in a task, Spark wraps it in errors of its own. */
    private static String reason(Throwable error) {
        Throwable reason = error;
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof LoraException || cause instanceof CheckpointException) {
                reason = cause;
            }
        }
        return String.valueOf(reason.getMessage());
    }

    @Override
    public Integer call() throws IOException {
        LigatureTransform.Builder builder =
                LigatureTransform.builder()
                        .setModel(model)
                        .setTask(task)
                        .optTextColumn(textColumn)
                        .optAdapterMemory(adapterMemory << 20)
                        .optBatch(batchSize, batchTokens)
                        .optMaxNewTokens(maxNewTokens)
                        .optTruncate(truncate)
                        .optFailFast(failFast);
        if (adapters != null) {
            builder.optAdapters(adapters);
        }
        if (adapterColumn != null) {
            builder.optAdapterColumn(adapterColumn);
        }
        LigatureTransform transform = builder.build();
        try (SparkSession spark = SparkSession.builder().appName("ligature").getOrCreate()) {
            LigatureMetrics metrics = LigatureMetrics.register(spark.sparkContext());
            Dataset<Row> rows = spark.read().format(inputFormat).load(input);
            long start = System.nanoTime();
            transform.transform(rows, metrics).write().format(outputFormat).save(output);
            double seconds = (System.nanoTime() - start) / 1e9;
            System.out.printf(Locale.ROOT, "%s, %.1f seconds%n", metrics, seconds);
        }
        return 0;
    }
}
