package dev.ligature.spark;

import dev.ligature.internal.diag.Message;

/** What this module reports. */
enum SparkMessage implements Message {
    COLUMN_MISSING(
            "SparkColumn", "The data has no column %1$s. It has %2$s; name one of them as %3$s."),
    COLUMN_TYPE(
            "SparkColumn",
            "The column %1$s (%2$s) is of type %3$s, not string. Cast it: col(\"%1$s\").cast(\"string\")."),
    COLUMN_TAKEN(
            "SparkColumn",
            "The data already has a column %1$s. Give %2$s another name, or drop the column."),
    SETTING("SparkSetting", "%1$s is %2$s; it must be %3$s."),
    SETTING_MISSING("SparkSetting", "%1$s is not set. Give %2$s."),
    TEXT_TOO_LONG(
            "SparkText",
            "The text has %1$s tokens, more than the %2$s of the model in %3$s. Shorten it, or set"
                    + " optTruncate(true)."),
    TEXT_EMPTY("SparkText", "The text has no tokens. Leave the row out."),
    NO_ADAPTERS(
            "SparkAdapter",
            "The row names the adapter %1$s, but no directory of adapters is set. Set optAdapters."),
    TASK("SparkTask", "The task %1$s needs %2$s, but the model in %3$s is %4$s."),
    LABELS(
            "SparkTask",
            "The model in %1$s has %2$s; a classification needs two labels or more, of which one is"
                    + " right. Use another model."),
    OPERATORS(
            "SparkOperators",
            "The driver computes with the operators %1$s, and the executor on %3$s with %2$s. Give all"
                    + " of them -Dligature.operators=plain, in spark.driver.extraJavaOptions and"
                    + " spark.executor.extraJavaOptions."),
    STEP(
            "SparkStep",
            "The gradients of step %1$s were not computed: %2$s. The step was not taken. See the log of"
                    + " the executors; a training with checkpoints goes on with --resume."),
    NOT_COPIED(
            "SparkFiles",
            "%1$s was changed while it was copied, %2$s times. Start the job when it is complete."),
    NOT_FOUND(
            "SparkFiles",
            "There is no %1$s on %2$s. Give a folder that each machine has, a Hadoop path, or the"
                    + " name of an archive of --archives as files:NAME.");

    private final String code;
    private final String pattern;

    SparkMessage(String code, String pattern) {
        this.code = code;
        this.pattern = pattern;
    }

    @Override
    public String code() {
        return code;
    }

    @Override
    public String pattern() {
        return pattern;
    }
}
