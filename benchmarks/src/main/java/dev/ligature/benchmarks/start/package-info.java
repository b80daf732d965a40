/**
 * How long a process takes from its start to the first token of a model, part by part, and how long
 * reading the model's file takes. {@link dev.ligature.benchmarks.start.FirstToken} is the program;
 * it starts a process of {@link dev.ligature.benchmarks.start.StartedProcess} for each time.
 */
@NullMarked
package dev.ligature.benchmarks.start;

import org.jspecify.annotations.NullMarked;
