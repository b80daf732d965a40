/**
 * Mixed batches: routes whose rows use different adapters, and how the terms of a batch are
 * computed together.
 */
@NullMarked
package dev.ligature.internal.rows;

import org.jspecify.annotations.NullMarked;
