package dev.ligature.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.agent.tool.P;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.agent.tool.ToolSpecifications;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.memory.chat.MessageWindowChatMemory;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.Result;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An AI service of LangChain4j, with memory and a tool, by an adapter that has learnt to use it.
 */
final class AiServicesTest {
    private static final String QUESTION = "What is 20 + 3?";
    private static final String CALL =
            "<tool_call>{\"name\": \"add\", \"arguments\": {\"a\": 20, \"b\": 3}}</tool_call>";
    private static final String ANSWER = "The sum is 23.";
    private static final String AGAIN = "Thanks!";
    private static final String LAST = "You are welcome.";

    @TempDir static Path folder;
    private static ChatFixture fixture;
    private static List<ToolSpecification> tools;

    /** The tool. */
    static final class Calculator {
        final List<String> calls = new ArrayList<>();

        @Tool("Adds numbers")
        int add(@P("the first") int a, @P("the second") int b) {
            calls.add(a + "+" + b);
            return a + b;
        }
    }

    /** The service. */
    interface Assistant {
        Result<String> chat(String text);
    }

    @BeforeAll
    static void open() throws Exception {
        fixture = new ChatFixture(folder);
        tools = ToolSpecifications.toolSpecificationsFrom(Calculator.class);
        AiMessage called =
                AiMessage.from(
                        ToolExecutionRequest.builder()
                                .id("x")
                                .name("add")
                                .arguments("{\"a\":20,\"b\":3}")
                                .build());
        UserMessage question = UserMessage.from(QUESTION);
        ChatMessage result = ToolExecutionResultMessage.from("x", "add", "23");
        fixture.teach(
                "calculator",
                List.of(
                        new ChatFixture.Lesson(request(question), CALL),
                        new ChatFixture.Lesson(request(question, called, result), ANSWER),
                        new ChatFixture.Lesson(
                                request(
                                        question,
                                        called,
                                        result,
                                        AiMessage.from(ANSWER),
                                        UserMessage.from(AGAIN)),
                                LAST)));
    }

    @AfterAll
    static void close() {
        assertEquals(0, fixture.store.statistics().leasedCount());
        fixture.close();
    }

    private static ChatRequest request(ChatMessage... messages) {
        return ChatRequest.builder()
                .messages(messages)
                .parameters(ChatRequestParameters.builder().toolSpecifications(tools).build())
                .build();
    }

    private static ChatRequestParameters greedy() {
        return ChatRequestParameters.builder().temperature(0.0).maxOutputTokens(60).build();
    }

    @Test
    void aService_callsTheTool_andRemembers() {
        Calculator calculator = new Calculator();
        Assistant assistant =
                AiServices.builder(Assistant.class)
                        .chatModel(
                                LigatureChatModel.builder()
                                        .engine(fixture.engine)
                                        .modelName("calculator")
                                        .defaultRequestParameters(greedy())
                                        .build())
                        .chatMemory(MessageWindowChatMemory.withMaxMessages(20))
                        .tools(calculator)
                        .build();

        Result<String> first = assistant.chat(QUESTION);

        assertEquals(ANSWER, first.content());
        assertEquals(List.of("20+3"), calculator.calls);
        assertEquals(FinishReason.STOP, first.finishReason());
        assertEquals(1, first.toolExecutions().size());
        assertEquals("23", first.toolExecutions().get(0).result());
        assertTrue(first.tokenUsage().outputTokenCount() > 10, "of both answers");
        assertEquals(LAST, assistant.chat(AGAIN).content(), "by all that was said before");
        assertEquals(List.of("20+3"), calculator.calls);
    }

    @Test
    void aCall_isPartOfTheMessage_withItsFinishReason() {
        LigatureChatModel chat =
                LigatureChatModel.builder()
                        .engine(fixture.engine)
                        .modelName("calculator")
                        .defaultRequestParameters(greedy())
                        .build();

        ChatResponse response = chat.chat(request(UserMessage.from(QUESTION)));

        assertEquals(FinishReason.TOOL_EXECUTION, response.finishReason());
        ToolExecutionRequest call = response.aiMessage().toolExecutionRequests().get(0);
        assertEquals("add", call.name());
        assertEquals("{\"a\":20,\"b\":3}", call.arguments());
        assertTrue(call.id().startsWith("call_"));
        assertEquals(null, response.aiMessage().text());
    }

    @Test
    void aStreamedCall_isToldWhenItIsComplete() throws Exception {
        List<CompleteToolCall> calls = new ArrayList<>();
        List<String> pieces = new ArrayList<>();
        CompletableFuture<ChatResponse> end = new CompletableFuture<>();
        LigatureStreamingChatModel.builder()
                .engine(fixture.engine)
                .modelName("calculator")
                .defaultRequestParameters(greedy())
                .build()
                .chat(
                        request(UserMessage.from(QUESTION)),
                        new StreamingChatResponseHandler() {
                            @Override
                            public void onPartialResponse(String piece) {
                                pieces.add(piece);
                            }

                            @Override
                            public void onCompleteToolCall(CompleteToolCall call) {
                                calls.add(call);
                            }

                            @Override
                            public void onCompleteResponse(ChatResponse response) {
                                end.complete(response);
                            }

                            @Override
                            public void onError(Throwable error) {
                                end.completeExceptionally(error);
                            }
                        });

        ChatResponse response = end.get(60, TimeUnit.SECONDS);

        assertEquals(List.of(), pieces);
        assertEquals(1, calls.size());
        assertEquals(0, calls.get(0).index());
        assertEquals(
                response.aiMessage().toolExecutionRequests().get(0),
                calls.get(0).toolExecutionRequest());
    }
}
