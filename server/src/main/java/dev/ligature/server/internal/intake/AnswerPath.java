package dev.ligature.server.internal.intake;

import dev.ligature.server.internal.http.AnswerWriter;

/** The way of an answer to its client. */
public interface AnswerPath {
    /** Runs a task on the event loop of the answer, in order. */
    void onLoop(Runnable task);

    /** Returns what writes the answer, which is used on the event loop. */
    AnswerWriter writer();

    /**
     * Gives the places of the request back, and ends what is still made for it. What it holds of
     * the memory for answers is given back when its answer is written, or never will be.
     *
     * @param status that of the answer
     */
    void end(int status, AnswerWriter answer);
}
