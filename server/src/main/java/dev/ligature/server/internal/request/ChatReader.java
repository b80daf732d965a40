package dev.ligature.server.internal.request;

import dev.ligature.internal.json.JsonFields;
import dev.ligature.models.chat.Conversation;
import dev.ligature.server.internal.answer.ApiException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the body of a request for the next message of a conversation. */
public final class ChatReader {
    private static final int DEPTH = 32;
    private static final Set<String> FIELDS =
            Set.of(
                    "messages",
                    "tools",
                    "tool_choice",
                    "chat_template_kwargs",
                    "max_completion_tokens",
                    "logprobs",
                    "top_logprobs",
                    "response_format",
                    "parallel_tool_calls",
                    "store");

    private ChatReader() {}

    /**
     * Reads a request.
     *
     * @param body the body, in UTF-8
     * @param mostTokens the most new tokens that may be asked for
     * @throws ApiException if it is not such a request
     */
    public static CompletionRequest read(byte[] body, int mostTokens) {
        RequestFields request = RequestFields.read(body, DEPTH, FIELDS);
        refuseUnsupported(request.json());
        return new CompletionRequest(
                request.model(),
                List.of(new Prompt.Chat(conversation(request, true))),
                maxTokens(request.json(), mostTokens),
                request.drawing(),
                request.stops(),
                choices(request),
                request.delivery());
    }

    private static void refuseUnsupported(JsonFields<ApiException> fields) {
        if (!fields.bool("parallel_tool_calls", true)) {
            throw RequestFields.unsupported("parallel_tool_calls", "true");
        }
        if (fields.bool("store", false)) {
            throw RequestFields.unsupported("store", "false");
        }
        if (fields.has("response_format")
                && !fields.object("response_format").string("type").equals("text")) {
            throw RequestFields.unsupported("response_format", "{\"type\": \"text\"}");
        }
        if (fields.has("tool_choice")
                && !Set.of("auto", "none").contains(String.valueOf(fields.value("tool_choice")))) {
            throw RequestFields.unsupported("tool_choice", "auto or none");
        }
    }

    private static Choices choices(RequestFields request) {
        boolean tells = request.json().bool("logprobs", false);
        int likeliest = request.likeliest("top_logprobs", 0);
        if (likeliest > 0 && !tells) {
            throw ApiException.field(
                    "top_logprobs", "top_logprobs is for logprobs: true. Leave it out.");
        }
        int n = request.choices();
        return new Choices(n, n, false, tells ? likeliest : -1);
    }

    private static OptionalInt maxTokens(JsonFields<ApiException> fields, int mostTokens) {
        boolean both = fields.has("max_tokens") && fields.has("max_completion_tokens");
        if (both) {
            throw ApiException.field(
                    "max_tokens",
                    "max_tokens and max_completion_tokens mean the same. Send one of them.");
        }
        String name = fields.has("max_tokens") ? "max_tokens" : "max_completion_tokens";
        return fields.has(name)
                ? OptionalInt.of((int) fields.whole(name, 0, mostTokens))
                : OptionalInt.empty();
    }

    /**
     * Reads the messages of a request, with what its template gets beside them.
     *
     * @param asksForAnswer whether the text ends where the answer begins
     */
    public static Conversation conversation(RequestFields request, boolean asksForAnswer) {
        request.require("messages", "a list of messages, each with role and content");
        JsonFields<ApiException> fields = request.json();
        List<Map<String, @Nullable Object>> messages =
                objects(fields, "messages").stream().map(ChatReader::withArguments).toList();
        if (messages.isEmpty()) {
            throw fields.wrong("messages", "a list of messages, at least one");
        }
        for (Map<String, @Nullable Object> message : messages) {
            if (!(message.get("role") instanceof String)) {
                throw fields.wrong("messages", "a list of messages, each with the text role");
            }
        }
        boolean tools = fields.has("tools") && !"none".equals(fields.value("tool_choice"));
        Map<String, @Nullable Object> variables = new LinkedHashMap<>();
        if (fields.has("chat_template_kwargs")) {
            JsonFields<ApiException> given = fields.object("chat_template_kwargs");
            given.names().forEach(name -> variables.put(name, given.value(name)));
        }
        return new Conversation(
                messages, tools ? objects(fields, "tools") : null, asksForAnswer, variables);
    }

    /**
     * Returns a message whose calls of functions have objects for arguments, which templates write
     * as JSON: clients send the text that they were sent.
     */
    private static Map<String, @Nullable Object> withArguments(
            Map<String, @Nullable Object> message) {
        if (!(message.get("tool_calls") instanceof List<?> calls)) {
            return message;
        }
        List<@Nullable Object> read = new ArrayList<>();
        for (Object call : calls) {
            read.add(
                    call instanceof Map<?, ?> map && map.get("function") instanceof Map<?, ?> of
                            ? with(map, "function", with(of, "arguments", arguments(of)))
                            : call);
        }
        return with(message, "tool_calls", read);
    }

    private static @Nullable Object arguments(Map<?, ?> function) {
        Object given = function.get("arguments");
        return given instanceof String text && RequestFields.object(text).isPresent()
                ? RequestFields.object(text).get()
                : given;
    }

    private static Map<String, @Nullable Object> with(
            Map<?, ?> map, String name, @Nullable Object value) {
        Map<String, @Nullable Object> changed = new LinkedHashMap<>();
        map.forEach((key, old) -> changed.put((String) key, old));
        if (changed.containsKey(name)) {
            changed.put(name, value);
        }
        return changed;
    }

    @SuppressWarnings("unchecked") // an object of JSON has texts for keys
    private static List<Map<String, @Nullable Object>> objects(
            JsonFields<ApiException> fields, String name) {
        if (!(fields.value(name) instanceof List<?> list)
                || !list.stream().allMatch(Map.class::isInstance)) {
            throw fields.wrong(name, "a list of objects");
        }
        return (List<Map<String, @Nullable Object>>) list;
    }
}
