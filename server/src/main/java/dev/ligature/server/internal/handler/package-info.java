/** What answers at each path: a handler takes what was read to an engine, or answers itself. */
@NullMarked
package dev.ligature.server.internal.handler;

import org.jspecify.annotations.NullMarked;
