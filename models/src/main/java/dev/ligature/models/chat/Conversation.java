package dev.ligature.models.chat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a chat template renders. Values are those of JSON: null, texts, numbers, truth values, lists
 * and maps.
 *
 * @param messages the messages, each with {@code role} and {@code content}, and whatever else the
 *     template reads, such as {@code tool_calls}
 * @param tools the functions that the model may call, each as its JSON schema; null if there are
 *     none
 * @param asksForAnswer whether the text ends where the model's answer begins ({@code
 *     add_generation_prompt} in Transformers)
 * @param variables further variables of the template, such as {@code enable_thinking}
 */
public record Conversation(
        List<? extends Map<String, ? extends @Nullable Object>> messages,
        @Nullable List<? extends Map<String, ? extends @Nullable Object>> tools,
        boolean asksForAnswer,
        Map<String, ? extends @Nullable Object> variables) {
    /** Copies the list of messages. */
    public Conversation {
        messages = List.copyOf(messages);
    }

    /** Returns a conversation that the model shall go on with. */
    public static Conversation of(
            List<? extends Map<String, ? extends @Nullable Object>> messages) {
        return new Conversation(messages, null, true, Map.of());
    }

    /** Returns a message. */
    public static Map<String, String> message(String role, String content) {
        Map<String, String> message = new LinkedHashMap<>();
        message.put("role", role);
        message.put("content", content);
        return message;
    }

    /** Returns this conversation without the begin of an answer, as texts to train on are. */
    public Conversation withoutAnswer() {
        return new Conversation(messages, tools, false, variables);
    }

    /** Returns this conversation with functions that the model may call. */
    public Conversation withTools(
            List<? extends Map<String, ? extends @Nullable Object>> functions) {
        return new Conversation(messages, functions, asksForAnswer, variables);
    }

    /** Returns this conversation with further variables of the template. */
    public Conversation withVariables(Map<String, ? extends @Nullable Object> more) {
        return new Conversation(messages, tools, asksForAnswer, more);
    }
}
