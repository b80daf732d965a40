/**
 * Base checkpoints: which tensor belongs to which parameter of a model, loading them, and exporting
 * merged weights.
 */
@NullMarked
package dev.ligature.internal.model;

import org.jspecify.annotations.NullMarked;
