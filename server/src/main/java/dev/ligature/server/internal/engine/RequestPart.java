package dev.ligature.server.internal.engine;

import dev.ligature.server.internal.answer.Usage;

/** A part of a request that is computed. */
public interface RequestPart {
    /** Asks for its end, because nobody listens any more. */
    void cancel();

    /** Returns the tokens that count for the request. */
    Usage usage();
}
