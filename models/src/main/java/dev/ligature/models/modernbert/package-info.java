/** ModernBERT and its heads as annotated DJL blocks, and their configuration. */
@NullMarked
package dev.ligature.models.modernbert;

import org.jspecify.annotations.NullMarked;
