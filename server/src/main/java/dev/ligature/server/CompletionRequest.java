package dev.ligature.server;

import java.util.List;
import java.util.OptionalInt;

/**
 * A request for a completion, checked as far as it can be without the model.
 *
 * @param model the name of an adapter, or that of the base
 * @param prompts what it goes on with, at least one
 * @param maxTokens the most new tokens; empty for as many as there is room for
 * @param drawing how its tokens are chosen
 * @param stops texts that end the completion; they are not part of it
 * @param choices how many answers it asks for
 * @param delivery how the answer is sent
 */
record CompletionRequest(
        String model,
        List<Prompt> prompts,
        OptionalInt maxTokens,
        Drawing drawing,
        List<String> stops,
        Choices choices,
        Delivery delivery) {
    /** How the answer is sent: whole, as events, or as events with the usage in a last one. */
    enum Delivery {
        WHOLE,
        EVENTS,
        EVENTS_AND_USAGE
    }
}
