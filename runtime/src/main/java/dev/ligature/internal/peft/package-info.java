/**
 * Adapter directories in PEFT's format: the configuration's fields, the names and layouts of
 * tensors, and the differences between saved copies.
 */
@NullMarked
package dev.ligature.internal.peft;

import org.jspecify.annotations.NullMarked;
