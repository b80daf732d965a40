package dev.ligature.server.internal.handler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.ligature.server.HttpCalls;
import dev.ligature.server.internal.answer.Finish;
import dev.ligature.server.internal.answer.Json;
import dev.ligature.server.internal.answer.Usage;
import dev.ligature.server.internal.engine.CompletionSink;
import dev.ligature.server.internal.http.AnswerRoom;
import dev.ligature.server.internal.http.AnswerWriter;
import dev.ligature.server.internal.intake.AnswerPath;
import dev.ligature.server.internal.metrics.ServerMetrics;
import dev.ligature.server.internal.request.ChatReader;
import dev.ligature.server.internal.request.Choices;
import dev.ligature.server.internal.request.CompletionRequest;
import dev.ligature.server.internal.request.CompletionRequest.Delivery;
import dev.ligature.server.internal.request.Prompt;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Answers that call functions, as clients get them. */
class ToolAnswersTest {
    private static final List<String> ANSWER =
            List.of(
                    "Let me",
                    " see.\n<tool",
                    "_call>{\"name\":\"f\",\"argu",
                    "ments\":{\"a\":1}}</tool_call>");

    private final StringBuilder sent = new StringBuilder();

    private JsonObject whole(Set<String> tools, Finish finish) {
        send(Delivery.WHOLE, tools, finish);
        return HttpCalls.choice(HttpCalls.json(sent.toString()));
    }

    private void send(Delivery delivery, Set<String> tools, Finish finish) {
        HttpServerResponse response =
                (HttpServerResponse)
                        Proxy.newProxyInstance(
                                ToolAnswersTest.class.getClassLoader(),
                                new Class<?>[] {HttpServerResponse.class},
                                (proxy, method, arguments) -> {
                                    if (arguments != null
                                            && (arguments[0] instanceof String
                                                    || arguments[0] instanceof Buffer)
                                            && Set.of("write", "end").contains(method.getName())) {
                                        sent.append(arguments[0]);
                                    }
                                    return switch (method.getReturnType().getSimpleName()) {
                                        case "boolean" -> false;
                                        case "Future" -> Future.succeededFuture();
                                        default -> proxy;
                                    };
                                });
        Exchange exchange =
                new Exchange(
                        path(response),
                        new ServerMetrics(2),
                        new Json.Head(Json.Kind.CHAT, "chatcmpl-1", 0, "alpha"),
                        delivery,
                        Choices.ONE,
                        1,
                        tools);
        CompletionSink choice = exchange.choice(0);
        ANSWER.forEach(piece -> choice.text(piece, List.of()));
        choice.end(finish, new Usage(1, 0, 4));
    }

    private static AnswerPath path(HttpServerResponse response) {
        return new AnswerPath() {
            @Override
            public void onLoop(Runnable task) {
                task.run();
            }

            @Override
            public AnswerWriter writer() {
                return new AnswerWriter(response, new AnswerRoom(1), () -> {}, unread -> {});
            }

            @Override
            public void end(int status, AnswerWriter answer) {}
        };
    }

    @Test
    void aCall_isInTheMessage_ifTheRequestHasTools() {
        JsonObject choice = whole(Set.of("f"), Finish.STOP);

        assertEquals("tool_calls", choice.get("finish_reason").getAsString());
        JsonObject message = choice.getAsJsonObject("message");
        assertEquals("Let me see.", message.get("content").getAsString());
        JsonArray calls = message.getAsJsonArray("tool_calls");
        assertEquals(1, calls.size());
        JsonObject call = calls.get(0).getAsJsonObject();
        assertTrue(call.get("id").getAsString().startsWith("call_"));
        assertEquals("function", call.get("type").getAsString());
        assertEquals("f", call.getAsJsonObject("function").get("name").getAsString());
        assertEquals("{\"a\":1}", call.getAsJsonObject("function").get("arguments").getAsString());
    }

    @Test
    void withoutTools_theAnswerIsText() {
        JsonObject choice = whole(Set.of(), Finish.STOP);

        assertEquals("stop", choice.get("finish_reason").getAsString());
        assertEquals(
                String.join("", ANSWER),
                choice.getAsJsonObject("message").get("content").getAsString());
        assertTrue(!choice.getAsJsonObject("message").has("tool_calls"));
    }

    @Test
    void anAnswerThatWasCutOff_saysSo() {
        assertEquals(
                "length", whole(Set.of("f"), Finish.LENGTH).get("finish_reason").getAsString());
    }

    @Test
    void aStreamedCall_isADelta() {
        send(Delivery.EVENTS, Set.of("f"), Finish.STOP);
        List<String> events = HttpCalls.events(sent.toString());
        StringBuilder content = new StringBuilder();
        int calls = 0;
        for (String event : events.subList(0, events.size() - 1)) {
            JsonObject delta = HttpCalls.choice(HttpCalls.json(event)).getAsJsonObject("delta");
            if (delta.has("content")) {
                content.append(delta.get("content").getAsString());
            }
            if (delta.has("tool_calls")) {
                JsonObject call = delta.getAsJsonArray("tool_calls").get(0).getAsJsonObject();
                assertEquals(0, call.get("index").getAsInt());
                assertEquals("f", call.getAsJsonObject("function").get("name").getAsString());
                calls++;
            }
        }
        assertEquals("Let me see.", content.toString());
        assertEquals(1, calls);
        JsonObject end = HttpCalls.choice(HttpCalls.json(events.get(events.size() - 2)));
        assertEquals("tool_calls", end.get("finish_reason").getAsString());
    }

    @Test
    void argumentsOfEarlierCalls_areObjectsForTheTemplate() {
        String call = "{\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":%s}}";
        String body =
                "{\"model\":\"base\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":["
                        + call.formatted("\"{\\\"a\\\":\\\"x\\\"}\"")
                        + ","
                        + call.formatted("\"no\"")
                        + "]}]}";

        CompletionRequest request = ChatReader.read(body.getBytes(StandardCharsets.UTF_8), 10);

        Prompt.Chat chat = (Prompt.Chat) request.prompts().get(0);
        assertEquals(
                "[{id=c, function={name=f, arguments={a=x}}},"
                        + " {id=c, function={name=f, arguments=no}}]",
                String.valueOf(chat.conversation().messages().get(0).get("tool_calls")));
    }
}
