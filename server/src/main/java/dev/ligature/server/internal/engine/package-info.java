/**
 * The threads that compute what requests ask for, many of them together. They know of no HTTP: what
 * they make goes to sinks.
 */
@NullMarked
package dev.ligature.server.internal.engine;

import org.jspecify.annotations.NullMarked;
