/**
 * Training of any DJL block that turns token ids into logits: a loop over DJL's {@code Trainer},
 * optimizers with torch's formulas, clipping by the global norm, the next-token loss, and batches
 * from a stream of tokens. Knows nothing of adapters: what is trainable is what the block shows as
 * trainable.
 */
@NullMarked
package dev.ligature.training;

import org.jspecify.annotations.NullMarked;
