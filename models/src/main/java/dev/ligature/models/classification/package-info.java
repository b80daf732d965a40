/** Classification of texts: logits, and what their labels and probabilities are. */
@NullMarked
package dev.ligature.models.classification;

import org.jspecify.annotations.NullMarked;
