/**
 * Who may ask the server for what: keys and their limits, and the log of requests. Knows nothing of
 * HTTP and of models.
 */
@NullMarked
package dev.ligature.server.internal.access;

import org.jspecify.annotations.NullMarked;
