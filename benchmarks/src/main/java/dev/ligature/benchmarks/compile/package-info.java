/**
 * What annotation processing adds to the time of a compilation: Ligature's processor and
 * AutoValue's, each on classes of its own kind, with the compiler's time for the same classes
 * without a processor taken off.
 */
@NullMarked
package dev.ligature.benchmarks.compile;

import org.jspecify.annotations.NullMarked;
