/**
 * The loss of classes, from logits or from what a language model's head is applied to, layers that
 * are computed again on the way back, and the gradients that come of it, summed over batches.
 */
@NullMarked
package dev.ligature.internal.loss;

import org.jspecify.annotations.NullMarked;
