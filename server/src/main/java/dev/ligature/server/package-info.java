/**
 * An HTTP server that completes, embeds or classifies texts in the shape of OpenAI's API, through a
 * base model and the adapters of a store. The event loop of the HTTP library never computes and
 * never waits: one thread runs the batch, a few others read adapters and tokenise. What it serves
 * is in {@code model}, its limits in {@code settings}; the rooms below {@code internal} are not for
 * users. No other module but the command line depends on this one.
 */
@NullMarked
package dev.ligature.server;

import org.jspecify.annotations.NullMarked;
