/** What causal language models have in common: attention, head, and configuration. */
@NullMarked
package dev.ligature.models.decoder;

import org.jspecify.annotations.NullMarked;
