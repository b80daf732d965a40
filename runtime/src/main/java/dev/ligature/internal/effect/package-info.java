/**
 * What one adapter does to one weight (W to W') and to the output of one slot (x to y). Merges and
 * forward passes share these. No routing may come in here.
 */
@NullMarked
package dev.ligature.internal.effect;

import org.jspecify.annotations.NullMarked;
