/**
 * Where one way to compute what adapters do becomes faster than another: the numbers behind the
 * runtime's rules.
 */
@NullMarked
package dev.ligature.benchmarks.products;

import org.jspecify.annotations.NullMarked;
