/**
 * The errors of the runtime, the search for the nearest name, and the words for a JSON text that is
 * wrong. Every error has a stable code in brackets, names the thing and the values, and says what
 * to do.
 */
@NullMarked
package dev.ligature.diag;

import org.jspecify.annotations.NullMarked;
