package dev.ligature.server;

import java.util.List;

/**
 * A request for a completion, checked as far as it can be without the model.
 *
 * @param model the name of an adapter, or that of the base
 * @param prompt the text; empty if token ids are given
 * @param promptIds the prompt's token ids; empty if a text is given
 * @param maxTokens the most new tokens
 * @param temperature 0 takes the likeliest token
 * @param seed of the draws
 * @param stops texts that end the completion; they are not part of it
 * @param delivery how the answer is sent
 */
record CompletionRequest(
        String model,
        String prompt,
        List<Long> promptIds,
        int maxTokens,
        double temperature,
        long seed,
        List<String> stops,
        Delivery delivery) {
    /** How the answer is sent: whole, as events, or as events with the usage in a last one. */
    enum Delivery {
        WHOLE,
        EVENTS,
        EVENTS_AND_USAGE
    }
}
