package dev.ligature.server.internal.request;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

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
public record CompletionRequest(
        String model,
        List<Prompt> prompts,
        OptionalInt maxTokens,
        Drawing drawing,
        List<String> stops,
        Choices choices,
        Delivery delivery) {
    /** Returns the names of the functions that an answer may call. */
    public Set<String> tools() {
        Set<String> names = new HashSet<>();
        for (Prompt prompt : prompts) {
            if (prompt instanceof Prompt.Chat chat && chat.conversation().tools() != null) {
                for (Map<String, ?> tool : chat.conversation().tools()) {
                    Object function = tool.get("function");
                    Map<?, ?> named = function instanceof Map<?, ?> map ? map : tool;
                    if (named.get("name") instanceof String name) {
                        names.add(name);
                    }
                }
            }
        }
        return names;
    }

    /** How the answer is sent: whole, as events, or as events with the usage in a last one. */
    public enum Delivery {
        WHOLE,
        EVENTS,
        EVENTS_AND_USAGE
    }
}
