/**
 * A routing resolved on one model, and one forward pass along it. Routes whose rows differ live in
 * {@code dev.ligature.internal.rows}.
 */
@NullMarked
package dev.ligature.internal.route;

import org.jspecify.annotations.NullMarked;
