/**
 * The operators that most of a pass's time goes to, and the interface by which a module for one
 * engine computes them faster than DJL's arrays do.
 */
@NullMarked
package dev.ligature.ops;

import org.jspecify.annotations.NullMarked;
