/**
 * Turns the compiler's elements into the records of the model. Readers do not judge: what is wrong
 * is read as it is.
 */
@NullMarked
package dev.ligature.processor.read;

import org.jspecify.annotations.NullMarked;
