/** The loss of classes, from logits or from what a language model's head is applied to. */
@NullMarked
package dev.ligature.internal.loss;

import org.jspecify.annotations.NullMarked;
