package dev.ligature.spark;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * Computes a column of texts by a base model, each row through the adapter that another column
 * names.
 *
 * <pre>{@code
 * LigatureTransform transform =
 *         LigatureTransform.builder()
 *                 .setModel("/models/minilm")
 *                 .setTask(LigatureTask.EMBEDDING)
 *                 .optAdapters("/models/adapters")
 *                 .optAdapterColumn("tenant")
 *                 .build();
 * Dataset<Row> embedded = transform.transform(texts); // two columns more: embedding, error
 * }</pre>
 *
 * <p>Each executor's JVM loads the base once, whatever the number of its tasks, and has one store
 * of adapters with a budget. Rows of different adapters share a batch, so the data need not be
 * partitioned by adapter. The rows keep their order. A row whose text is null gets null; a row that
 * cannot be computed gets null and a reason in the column of errors, and the job goes on.
 *
 * <p>Paths of the model and the adapters are
 *
 * <ul>
 *   <li>a folder that each machine has: {@code /models/minilm} or {@code file:/models/minilm};
 *   <li>what {@code --files} or {@code --archives} bring: {@code files:NAME};
 *   <li>a folder of any Hadoop file system: {@code s3a://bucket/minilm}. It is copied once per
 *       machine; of adapters, only those that rows name.
 * </ul>
 *
 * <p>The same partitions give the same batches, and so the same numbers to the last bit on the same
 * kind of machine. Immutable, thread-safe.
 */
public final class LigatureTransform {
    private final Settings settings;

    private LigatureTransform(Settings settings) {
        this.settings = settings;
    }

    /** Returns a builder; the model and the task have no default. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns the rows with a column for the results and one for errors. Nothing is computed until
     * Spark needs the rows.
     *
     * @param rows the data
     * @throws dev.ligature.LoraException if a column is missing, is not of type string, or would be
     *     there twice
     */
    public Dataset<Row> transform(Dataset<Row> rows) {
        return transform(rows, null);
    }

    /**
     * Returns the rows with a column for the results and one for errors, and counts what is
     * computed.
     *
     * @param rows the data
     * @param metrics what the tasks count into
     * @throws dev.ligature.LoraException as {@link #transform(Dataset)}
     */
    public Dataset<Row> transform(Dataset<Row> rows, @Nullable LigatureMetrics metrics) {
        StructType in = rows.schema();
        int text = column(in, settings.text(), "optTextColumn");
        int adapter =
                settings.adapter() == null
                        ? -1
                        : column(in, settings.adapter(), "optAdapterColumn");
        StructType out =
                added(in, settings.output(), "optOutputColumn")
                        .add(settings.output(), settings.task().type(), true);
        out =
                added(out, settings.error(), "optErrorColumn")
                        .add(settings.error(), DataTypes.StringType, true);
        return rows.mapPartitions(
                new PartitionFunction(withHadoop(rows.sparkSession()), text, adapter, metrics),
                Encoders.row(out));
    }

    /**
     * Registers the task as SQL functions of two strings, the adapter and the text: one of the
     * given name, which ends the query with the reason if a row cannot be computed, and one with
     * {@code try_} before it, which gives null then. A null adapter is the base. Each row is a
     * batch of its own: for many rows {@link #transform(Dataset)} is faster.
     *
     * <pre>{@code
     * transform.register(spark, "ligature_embed");
     * spark.sql("SELECT ligature_embed(tenant, body) FROM mails");
     * }</pre>
     *
     * @param spark the session
     * @param name the name of the function
     */
    public void register(SparkSession spark, String name) {
        Objects.requireNonNull(name, "name");
        Settings complete = withHadoop(spark);
        spark.udf().register(name, new RowFunction(complete, false), complete.task().type());
        spark.udf()
                .register("try_" + name, new RowFunction(complete, true), complete.task().type());
    }

    Settings settings() {
        return settings;
    }

    private static int column(StructType schema, String name, String option) {
        List<String> names = Arrays.asList(schema.fieldNames());
        int index = names.indexOf(name);
        if (index < 0) {
            throw SparkMessage.COLUMN_MISSING.error(name, String.join(", ", names), option);
        }
        if (!schema.apply(index).dataType().equals(DataTypes.StringType)) {
            throw SparkMessage.COLUMN_TYPE.error(
                    name, option, schema.apply(index).dataType().simpleString());
        }
        return index;
    }

    private static StructType added(StructType schema, String name, String option) {
        if (Arrays.asList(schema.fieldNames()).contains(name)) {
            throw SparkMessage.COLUMN_TAKEN.error(name, option);
        }
        return schema;
    }

    /** Returns the settings with those of the driver's file systems, which executors lack. */
    private Settings withHadoop(SparkSession spark) {
        if (!Location.isRemote(settings.model())
                && (settings.adapters() == null || !Location.isRemote(settings.adapters()))) {
            return settings;
        }
        Map<String, String> hadoop = new HashMap<>();
        spark.sparkContext()
                .hadoopConfiguration()
                .forEach(entry -> hadoop.put(entry.getKey(), entry.getValue()));
        return settings.withHadoop(hadoop);
    }

    /** Builds a transform. */
    public static final class Builder {
        private @Nullable String model;
        private @Nullable LigatureTask task;
        private @Nullable String adapters;
        private long adapterBytes = 512L << 20;
        private String text = "text";
        private @Nullable String adapter;
        private @Nullable String output;
        private String error = "error";
        private int batchRows = 32;
        private int batchTokens = 8192;
        private int maxNewTokens = 64;
        private double temperature;
        private long seed;
        private boolean truncate;
        private boolean failFast;
        private @Nullable String cache;

        private Builder() {}

        /**
         * Sets where the base model is.
         *
         * @param newModel the path of a Hugging Face directory
         */
        public Builder setModel(String newModel) {
            model = Location.absolute(Objects.requireNonNull(newModel, "model"));
            return this;
        }

        /**
         * Sets what is computed.
         *
         * @param newTask the task, which the model must fit
         */
        public Builder setTask(LigatureTask newTask) {
            task = Objects.requireNonNull(newTask, "task");
            return this;
        }

        /**
         * Sets where the adapters are.
         *
         * @param newAdapters the path of a directory with a folder for each adapter, named like it
         */
        public Builder optAdapters(String newAdapters) {
            adapters = Location.absolute(Objects.requireNonNull(newAdapters, "adapters"));
            return this;
        }

        /**
         * Sets the memory for adapters; 512 MiB by default.
         *
         * @param bytes the most bytes of adapters in one JVM, those in use by all of its tasks
         *     included
         */
        public Builder optAdapterMemory(long bytes) {
            adapterBytes = bytes;
            return this;
        }

        /**
         * Sets the column with the texts; {@code text} by default.
         *
         * @param column of type string
         */
        public Builder optTextColumn(String column) {
            text = Objects.requireNonNull(column, "column");
            return this;
        }

        /**
         * Sets the column with the names of adapters. Without one, all rows are for the base.
         *
         * @param column of type string; a row with null is for the base
         */
        public Builder optAdapterColumn(String column) {
            adapter = Objects.requireNonNull(column, "column");
            return this;
        }

        /**
         * Sets the name of the new column with the results; by default, the task's name in small
         * letters.
         *
         * @param column the name
         */
        public Builder optOutputColumn(String column) {
            output = Objects.requireNonNull(column, "column");
            return this;
        }

        /**
         * Sets the name of the new column with the reasons of failures; {@code error} by default.
         *
         * @param column the name
         */
        public Builder optErrorColumn(String column) {
            error = Objects.requireNonNull(column, "column");
            return this;
        }

        /**
         * Sets the size of batches. A task sorts the rows of sixteen batches by length, and ends a
         * batch when another row would make it larger than one of the limits.
         *
         * @param rows the most rows; 32 by default
         * @param tokens the most tokens, padding included, of a batch of more than one row; 8192 by
         *     default
         */
        public Builder optBatch(int rows, int tokens) {
            batchRows = rows;
            batchTokens = tokens;
            return this;
        }

        /**
         * Sets how much a generation adds.
         *
         * @param tokens the most tokens; 64 by default
         */
        public Builder optMaxNewTokens(int tokens) {
            maxNewTokens = tokens;
            return this;
        }

        /**
         * Draws the tokens of generations at random. By default the likeliest is taken.
         *
         * @param newTemperature what logits are divided by, 0 or more
         * @param newSeed gives the same draws again for the same partitions
         */
        public Builder optSampling(double newTemperature, long newSeed) {
            temperature = newTemperature;
            seed = newSeed;
            return this;
        }

        /**
         * Sets whether texts that are too long are cut; they are errors by default.
         *
         * @param newTruncate whether they are
         */
        public Builder optTruncate(boolean newTruncate) {
            truncate = newTruncate;
            return this;
        }

        /**
         * Sets whether the first row that cannot be computed ends the job.
         *
         * @param newFailFast whether it does; false by default
         */
        public Builder optFailFast(boolean newFailFast) {
            failFast = newFailFast;
            return this;
        }

        /**
         * Sets where copies of a remote model and its adapters are kept on each machine.
         *
         * @param folder a path; by default a folder in the machine's temporary folder
         */
        public Builder optCacheFolder(String folder) {
            cache = Objects.requireNonNull(folder, "folder");
            return this;
        }

        /**
         * Returns the transform.
         *
         * @throws dev.ligature.LoraException if the model or the task is not set, or a number is
         *     out of its range
         */
        public LigatureTransform build() {
            if (model == null) {
                throw SparkMessage.SETTING_MISSING.error("setModel", "the path of the base model");
            }
            if (task == null) {
                throw SparkMessage.SETTING_MISSING.error(
                        "setTask", "one of " + Arrays.toString(LigatureTask.values()));
            }
            positive("optAdapterMemory", adapterBytes);
            positive("the rows of optBatch", batchRows);
            positive("the tokens of optBatch", batchTokens);
            positive("optMaxNewTokens", maxNewTokens);
            if (!(temperature >= 0 && temperature < Double.POSITIVE_INFINITY)) {
                throw SparkMessage.SETTING.error("The temperature", temperature, "0 or more");
            }
            if (adapter != null && adapters == null) {
                throw SparkMessage.SETTING_MISSING.error(
                        "optAdapters", "the directory of the adapters in column " + adapter);
            }
            return new LigatureTransform(
                    new Settings(
                            task,
                            model,
                            adapters,
                            adapterBytes,
                            text,
                            adapter,
                            output == null
                                    ? task.name().toLowerCase(java.util.Locale.ROOT)
                                    : output,
                            error,
                            batchRows,
                            batchTokens,
                            maxNewTokens,
                            temperature,
                            seed,
                            truncate,
                            failFast,
                            cache,
                            Map.of()));
        }

        private static void positive(String name, long value) {
            if (value <= 0) {
                throw SparkMessage.SETTING.error(name, value, "1 or more");
            }
        }
    }
}
