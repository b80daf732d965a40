package dev.ligature.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.CustomMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.internal.Json;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** LangChain4j's messages and functions as chat templates read them. */
final class ChatMessages {
    private ChatMessages() {}

    /**
     * Returns messages as maps.
     *
     * @throws UnsupportedFeatureException if one has something else than text
     */
    static List<Map<String, @Nullable Object>> of(List<ChatMessage> messages) {
        return messages.stream().map(ChatMessages::of).toList();
    }

    private static Map<String, @Nullable Object> of(ChatMessage message) {
        if (message instanceof SystemMessage system) {
            return message("system", system.text());
        }
        if (message instanceof UserMessage user) {
            Map<String, @Nullable Object> map = message("user", text(user.contents()));
            if (user.name() != null) {
                map.put("name", user.name());
            }
            return map;
        }
        if (message instanceof AiMessage ai) {
            Map<String, @Nullable Object> map =
                    message("assistant", ai.text() == null ? "" : ai.text());
            if (ai.hasToolExecutionRequests()) {
                map.put(
                        "tool_calls",
                        ai.toolExecutionRequests().stream().map(ChatMessages::call).toList());
            }
            return map;
        }
        if (message instanceof ToolExecutionResultMessage result) {
            Map<String, @Nullable Object> map = message("tool", result.text());
            map.put("name", result.toolName());
            map.put("tool_call_id", result.id());
            return map;
        }
        if (message instanceof CustomMessage custom
                && custom.attributes().get("role") instanceof String) {
            return new LinkedHashMap<>(custom.attributes());
        }
        throw new UnsupportedFeatureException(
                message.getClass().getSimpleName()
                        + " is not supported. Send messages of the system, the user, the model and"
                        + " of tools, or a custom one with a role.");
    }

    private static Map<String, @Nullable Object> message(String role, String content) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("role", role);
        map.put("content", content);
        return map;
    }

    private static String text(List<Content> contents) {
        List<String> texts = new ArrayList<>();
        for (Content content : contents) {
            if (!(content instanceof TextContent text)) {
                throw new UnsupportedFeatureException(
                        "Content of type "
                                + content.type()
                                + " is not supported: the model reads texts. Send it as text.");
            }
            texts.add(text.text());
        }
        return String.join("\n", texts);
    }

    /** Templates write the arguments as JSON, so they are an object here. */
    private static Map<String, Object> call(ToolExecutionRequest request) {
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", request.name());
        function.put("arguments", arguments(request));
        Map<String, Object> call = new LinkedHashMap<>();
        if (request.id() != null) {
            call.put("id", request.id());
        }
        call.put("type", "function");
        call.put("function", function);
        return call;
    }

    private static Object arguments(ToolExecutionRequest request) {
        String text = request.arguments();
        if (text == null || text.isBlank()) {
            return Map.of();
        }
        try {
            return Json.fromJson(text, Map.class);
        } catch (RuntimeException e) {
            throw new InvalidRequestException(
                    "The arguments of "
                            + request.name()
                            + " are no JSON object: '"
                            + text
                            + "'. Send the call as the model made it.",
                    e);
        }
    }

    /** Returns functions as OpenAI's API describes them, which is what templates expect. */
    static List<Map<String, @Nullable Object>> tools(List<ToolSpecification> tools) {
        List<Map<String, @Nullable Object>> maps = new ArrayList<>();
        for (ToolSpecification tool : tools) {
            Map<String, Object> function = new LinkedHashMap<>();
            function.put("name", tool.name());
            function.put("description", tool.description() == null ? "" : tool.description());
            function.put(
                    "parameters",
                    tool.parameters() == null
                            ? Map.of("type", "object", "properties", Map.of())
                            : JsonSchemaElementUtils.toMap(tool.parameters()));
            Map<String, @Nullable Object> map = new LinkedHashMap<>();
            map.put("type", "function");
            map.put("function", function);
            maps.add(map);
        }
        return maps;
    }
}
