/**
 * The way of a request from the event loop to the threads that read and compute, within the limits
 * of its key and of the server, and of its answer back.
 */
@NullMarked
package dev.ligature.server.internal.intake;

import org.jspecify.annotations.NullMarked;
