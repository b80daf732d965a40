/**
 * Batch inference on Apache Spark: a column names the adapter of each row, and one base model per
 * executor computes them in mixed batches. It begins with {@link
 * dev.ligature.spark.LigatureTransform}.
 *
 * <p>And training by the gradients of many executors: {@link dev.ligature.spark.SparkExchange}.
 *
 * <p>Nothing native is part of a closure: a task gets the settings as values, and the model from
 * its JVM.
 */
@NullMarked
package dev.ligature.spark;

import org.jspecify.annotations.NullMarked;
