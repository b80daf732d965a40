/** What the configurations of causal language models have in common. */
@NullMarked
package dev.ligature.models.decoder;

import org.jspecify.annotations.NullMarked;
