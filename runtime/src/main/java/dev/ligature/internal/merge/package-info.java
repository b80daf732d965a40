/**
 * Adapters merged into weights: W + ΔW computed once, kept beside the base or written into it.
 * Reads routes and effects; knows no names of adapters.
 */
@NullMarked
package dev.ligature.internal.merge;

import org.jspecify.annotations.NullMarked;
