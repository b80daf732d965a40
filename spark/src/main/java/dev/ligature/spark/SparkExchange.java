package dev.ligature.spark;

import ai.djl.ndarray.NDManager;
import dev.ligature.LoraException;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.training.GradientExchange;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gradients by Apache Spark: the parts of a step, usually a batch each, are tasks. The driver sends
 * the factors and the batches, adds the gradients in the order of the parts, and takes the step.
 *
 * <p>A step with N parts gives what one process gives that accumulates the same N, bit for bit, if
 * executors compute as that process does: on processors of one kind, with as many threads and the
 * same operators. How many executors there are does not matter. A task is a pure function of
 * factors, batches and seeds, so one may run again, or twice at once; an executor that is lost
 * costs its tasks, which others take over, and a copy of the model to be loaded.
 *
 * <pre>{@code
 * try (GradientExchange exchange = SparkExchange.start(spark, maker);
 *         TrainingLoop loop = TrainingLoop.over(block, manager, config, exchange)) {
 *     loop.step(batches); // an executor computes one of them at a time
 * }
 * }</pre>
 *
 * <p>The data is read by the driver, and the executors need the files of the model alone. The
 * configuration of the training has a seed. A classic session is needed: Spark Connect has no RDDs.
 */
public final class SparkExchange implements GradientExchange {
    private static final Logger LOGGER = LoggerFactory.getLogger(SparkExchange.class);

    private final JavaSparkContext context;
    private final ReplicaMaker maker;
    private final String id = UUID.randomUUID().toString();
    private final String operators = OperatorChoice.here();
    private boolean warned;

    private SparkExchange(JavaSparkContext context, ReplicaMaker maker) {
        this.context = context;
        this.maker = maker;
    }

    /**
     * Returns an exchange for one training.
     *
     * @param spark the session, which stays the caller's
     * @param maker makes the copies of the model in the executors
     */
    public static SparkExchange start(SparkSession spark, ReplicaMaker maker) {
        Objects.requireNonNull(maker, "maker");
        return new SparkExchange(new JavaSparkContext(spark.sparkContext()), maker);
    }

    /**
     * Computes a step's gradients in the executors.
     *
     * @throws LoraException {@code SparkSetting} if the training has no seed; {@code SparkStep} if
     *     a task failed as often as Spark allows; or what a task found wrong
     * @throws UncheckedIOException of a file that is missing or damaged on an executor's machine
     */
    @Override
    public void exchange(Step step) {
        List<byte[]> parts = new ArrayList<>();
        for (List<MicroBatch> part : step.parts()) {
            if (part.get(0).seed() == null) {
                throw SparkMessage.SETTING_MISSING.error(
                        "TrainingConfig.optSeed",
                        "one, so that a task that runs again draws the same");
            }
            parts.add(ExchangeBytes.ofPart(part));
        }
        warnOfIdleExecutors(parts.size());
        Broadcast<byte[]> parameters =
                context.broadcast(ExchangeBytes.ofParameters(step.parameters()));
        List<byte[]> results;
        try {
            results =
                    context.parallelize(parts, parts.size())
                            .map(new GradientFunction(id, maker, operators, parameters))
                            .collect(); // in the order of the parts
        } catch (Exception e) { // Spark throws checked ones that it does not declare
            throw failure(step.number(), e);
        } finally {
            parameters.destroy();
        }
        for (byte[] result : results) {
            try (NDManager scope = step.scope().newSubManager()) {
                Local.Result read = ExchangeBytes.result(result, scope);
                step.add(read.gradients(), read.items(), read.loss());
            }
        }
    }

    private void warnOfIdleExecutors(int parts) {
        if (!warned && !context.isLocal() && parts < context.defaultParallelism()) {
            warned = true;
            LOGGER.warn(
                    "A step has {} parts and the cluster {} cores: with --accumulation, or more"
                            + " batches in TrainingLoop.step, more of them compute.",
                    parts,
                    context.defaultParallelism());
        }
    }

    /** Returns what ended a step: Spark wraps what a task threw in errors of its own. */
    private static RuntimeException failure(long step, Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof LoraException error) {
                return error;
            }
            if (cause instanceof CheckpointException || cause instanceof FileSystemException) {
                return new UncheckedIOException((IOException) cause);
            }
        }
        LoraException error =
                SparkMessage.STEP.error(
                        step, String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        error.initCause(e);
        return error;
    }

    /**
     * Frees the copies of the model, in the executors that are there. Where that fails, the log
     * says so, and what was trained is as it is.
     */
    @Override
    public void close() {
        if (context.sc().isStopped()) {
            return;
        }
        String training = id; // the session is no part of what is sent
        try {
            int tasks = Math.max(1, context.defaultParallelism());
            context.parallelize(Collections.nCopies(tasks, training), tasks)
                    .foreach(each -> Replicas.get().free(each));
        } catch (Exception e) { // Spark throws checked ones that it does not declare
            LOGGER.warn(
                    "The copies of the model were not freed in all executors. They stay until the"
                            + " executors end or compute for another training; this one's result"
                            + " is whole.",
                    e);
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
