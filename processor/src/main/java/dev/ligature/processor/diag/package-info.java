/**
 * The catalogue of messages, the search for near names, and the one place that reports to the
 * compiler.
 */
@NullMarked
package dev.ligature.processor.diag;

import org.jspecify.annotations.NullMarked;
