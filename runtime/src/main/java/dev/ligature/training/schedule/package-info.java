/**
 * Learning rates: of each step of a training, and of each parameter. Knows no loop and no model.
 */
@NullMarked
package dev.ligature.training.schedule;

import org.jspecify.annotations.NullMarked;
