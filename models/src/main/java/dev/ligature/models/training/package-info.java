/**
 * What models are trained to do: a task for each kind of model turns lines of data, or tensors of a
 * file, into batches with their loss. Knows no family of models.
 */
@NullMarked
package dev.ligature.models.training;

import org.jspecify.annotations.NullMarked;
