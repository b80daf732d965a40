/**
 * Where one way to compute a batch of many adapters becomes faster than another: the numbers behind
 * the runtime's rule.
 */
@NullMarked
package dev.ligature.benchmarks.rows;

import org.jspecify.annotations.NullMarked;
