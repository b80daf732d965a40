/**
 * One class per rule. Rules look at the model alone and return diagnostics; none stops at the
 * first.
 */
@NullMarked
package dev.ligature.processor.check;

import org.jspecify.annotations.NullMarked;
