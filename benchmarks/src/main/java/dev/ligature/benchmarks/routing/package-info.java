/**
 * What routing itself costs, by JMH: on one linear layer, so small that little else is measured, or
 * large enough to find where one way of computing a mixed batch overtakes the other.
 */
@NullMarked
package dev.ligature.benchmarks.routing;

import org.jspecify.annotations.NullMarked;
