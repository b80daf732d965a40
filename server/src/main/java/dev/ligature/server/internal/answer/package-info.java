/**
 * What clients get: errors, and the bodies of answers as values and as JSON in OpenAI's shapes.
 * Nothing here computes or writes to a connection.
 */
@NullMarked
package dev.ligature.server.internal.answer;

import org.jspecify.annotations.NullMarked;
