/**
 * How the runtime reports what is wrong: a message is a constant of its room's enum, with a stable
 * code, and says what is wrong with names and values, why, and what to do.
 */
@NullMarked
package dev.ligature.internal.diag;

import org.jspecify.annotations.NullMarked;
