/** Phi-3 as DJL blocks. */
@NullMarked
package dev.ligature.models.phi3;

import org.jspecify.annotations.NullMarked;
