/**
 * The errors of the runtime and the search for the nearest name. Every error has a stable code in
 * brackets, names the thing and the values, and says what to do.
 */
@NullMarked
package dev.ligature.diag;

import org.jspecify.annotations.NullMarked;
