/** Gemma 2 and 3 as DJL blocks. */
@NullMarked
package dev.ligature.models.gemma;

import org.jspecify.annotations.NullMarked;
