/**
 * How well a model does on data: the loss, and what is counted beside it. Knows no task; those say
 * which {@code Measure} is theirs.
 */
@NullMarked
package dev.ligature.models.evaluation;

import org.jspecify.annotations.NullMarked;
