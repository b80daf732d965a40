/**
 * Benchmarks, run by hand with {@code benchmarks/run}; the build only compiles them. What is
 * measured stays in the other modules: nothing here may be needed by them.
 */
@NullMarked
package dev.ligature.benchmarks;

import org.jspecify.annotations.NullMarked;
