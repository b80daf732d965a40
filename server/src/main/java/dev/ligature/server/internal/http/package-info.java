/**
 * Connections, paths, keys of requests, bodies and answers as bytes. What answers at a path, and
 * all that knows of models, is above.
 */
@NullMarked
package dev.ligature.server.internal.http;

import org.jspecify.annotations.NullMarked;
