/**
 * What a configuration means for one model: which weights are adapted, with which rank and scaling,
 * which parameters are replaced, and which modules share them. Values only: no block and no array
 * may come in here. {@code dev.ligature.internal.resolve} makes them.
 */
@NullMarked
package dev.ligature.plan;

import org.jspecify.annotations.NullMarked;
