/**
 * Blocks for model authors, where DJL's own fall short: an embedding that any number of threads may
 * use, and a linear layer and an embedding that read another block's weight. They know nothing of
 * adapters.
 */
@NullMarked
package dev.ligature.block;

import org.jspecify.annotations.NullMarked;
