/**
 * The loss of classes, from logits or from what a language model's head is applied to, and layers
 * that are computed again on the way back.
 */
@NullMarked
package dev.ligature.internal.loss;

import org.jspecify.annotations.NullMarked;
