package dev.ligature.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.CustomMessage;
import dev.langchain4j.data.message.ImageContent;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.listener.ChatModelErrorContext;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.listener.ChatModelRequestContext;
import dev.langchain4j.model.chat.listener.ChatModelResponseContext;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A chat model in the process: what it answers, refuses and tells. */
final class ChatModelTest {
    private static final String QUESTION = "fun main(";
    private static final String TEXT = "user: fun main(\nassistant: ";

    @TempDir static Path folder;
    private static ChatFixture fixture;

    @BeforeAll
    static void open() throws Exception {
        fixture = new ChatFixture(folder);
    }

    @AfterAll
    static void close() {
        assertEquals(0, fixture.store.statistics().leasedCount());
        fixture.close();
    }

    private static ChatRequestParameters greedy(int tokens) {
        return ChatRequestParameters.builder().temperature(0.0).maxOutputTokens(tokens).build();
    }

    private static LigatureChatModel chat(String adapter, int tokens) {
        return LigatureChatModel.builder()
                .engine(fixture.engine)
                .modelName(adapter)
                .defaultRequestParameters(greedy(tokens))
                .build();
    }

    private static ChatRequest request(ChatRequestParameters parameters, ChatMessage... messages) {
        return ChatRequest.builder().messages(messages).parameters(parameters).build();
    }

    private static ChatRequest ask(ChatRequestParameters parameters) {
        return request(parameters, UserMessage.from(QUESTION));
    }

    @Test
    void eachRequest_goesThroughTheAdapterThatItNames() throws Exception {
        LigatureChatModel chat = chat("base", 8);
        assertEquals(fixture.alone("base", TEXT, 8), chat.chat(QUESTION));
        for (String adapter : List.of("alpha", "beta", "base")) {
            ChatResponse response =
                    chat.chat(ask(ChatRequestParameters.builder().modelName(adapter).build()));
            assertEquals(fixture.alone(adapter, TEXT, 8), response.aiMessage().text());
            assertEquals(adapter, response.modelName());
            assertEquals(FinishReason.LENGTH, response.finishReason());
            int prompt = fixture.model.tokenizer().encode(TEXT).length;
            assertEquals(prompt, response.tokenUsage().inputTokenCount());
            assertEquals(8, response.tokenUsage().outputTokenCount());
            assertEquals(prompt + 8, response.tokenUsage().totalTokenCount());
            assertFalse(response.id().isEmpty());
        }
        assertNotEquals(fixture.alone("alpha", TEXT, 8), fixture.alone("beta", TEXT, 8));
    }

    @Test
    void allMessages_reachTheTemplate() throws Exception {
        String text =
                "system: Be brief.\nuser: val x\nassistant: = 1\nuser: and\ny\njudge: fine\nexpert: ";
        ChatRequestParameters parameters =
                LigatureChatRequestParameters.builder()
                        .templateVariables(Map.of("style", "expert"))
                        .build();
        ChatResponse response =
                chat("alpha", 6)
                        .chat(
                                request(
                                        parameters,
                                        SystemMessage.from("Be brief."),
                                        UserMessage.from("val x"),
                                        AiMessage.from("= 1"),
                                        UserMessage.from(
                                                TextContent.from("and"), TextContent.from("y")),
                                        CustomMessage.from(
                                                Map.of("role", "judge", "content", "fine"))));
        assertEquals(fixture.alone("alpha", text, 6), response.aiMessage().text());
    }

    @Test
    void aStopText_endsTheAnswer_andIsNotPartOfIt() throws Exception {
        String whole = fixture.alone("beta", TEXT, 12);
        String stop = whole.substring(whole.length() / 2, whole.length() / 2 + 2);
        ChatResponse response =
                chat("beta", 12)
                        .chat(ask(ChatRequestParameters.builder().stopSequences(stop).build()));
        assertEquals(whole.substring(0, whole.indexOf(stop)), response.aiMessage().text());
        assertEquals(FinishReason.STOP, response.finishReason());
        assertTrue(response.tokenUsage().outputTokenCount() < 12);
    }

    @Test
    void draws_areThoseOfTheSeed() {
        LigatureChatModel chat = chat("base", 12);
        List<String> answers = new ArrayList<>();
        for (long seed : new long[] {1, 1, 2}) {
            ChatRequestParameters parameters =
                    LigatureChatRequestParameters.builder()
                            .temperature(2.0)
                            .topP(0.99)
                            .topK(500)
                            .minP(0.0001)
                            .repetitionPenalty(1.1)
                            .frequencyPenalty(0.1)
                            .presencePenalty(0.1)
                            .seed(seed)
                            .build();
            answers.add(chat.chat(ask(parameters)).aiMessage().text());
        }
        assertEquals(answers.get(0), answers.get(1));
        assertNotEquals(answers.get(0), answers.get(2));
        ChatRequestParameters other =
                LigatureChatRequestParameters.builder()
                        .temperature(2.0)
                        .topK(1) // the likeliest, whatever the draw
                        .seed(3L)
                        .build();
        assertEquals(
                chat.chat(ask(greedy(12))).aiMessage().text(),
                chat.chat(ask(other)).aiMessage().text());
    }

    @Test
    void requestsAtOnce_getWhatTheyWouldGetAlone() throws Exception {
        List<String> adapters = List.of("base", "alpha", "beta");
        List<String> expected = new ArrayList<>();
        for (String adapter : adapters) {
            expected.add(fixture.alone(adapter, TEXT, 8));
        }
        LigatureChatModel chat = chat("base", 8);
        ExecutorService threads = Executors.newFixedThreadPool(12);
        try {
            List<Future<String>> answers = new ArrayList<>();
            for (int i = 0; i < 36; i++) {
                ChatRequest request =
                        ask(ChatRequestParameters.builder().modelName(adapters.get(i % 3)).build());
                answers.add(threads.submit(() -> chat.chat(request).aiMessage().text()));
            }
            for (int i = 0; i < 36; i++) {
                assertEquals(expected.get(i % 3), answers.get(i).get(60, TimeUnit.SECONDS));
            }
        } finally {
            threads.shutdownNow();
        }
        assertEquals(0, fixture.store.statistics().leasedCount());
    }

    @Test
    void anInterruptedThread_givesItsAdapterBack() throws Exception {
        Thread.currentThread().interrupt();
        LangChain4jException error =
                assertThrows(LangChain4jException.class, () -> chat("alpha", 400).chat(QUESTION));
        assertTrue(Thread.interrupted(), "it is told on");
        assertTrue(error.getMessage().contains("interrupted"), error.getMessage());
        chat("base", 1).chat(QUESTION); // a place is free
        awaitNoLeases();
    }

    static void awaitNoLeases() throws InterruptedException {
        for (int i = 0; i < 1000 && fixture.store.statistics().leasedCount() > 0; i++) {
            Thread.sleep(5);
        }
        assertEquals(0, fixture.store.statistics().leasedCount());
    }

    @Test
    void whatIsNotSupported_isRefusedAsSuch() {
        LigatureChatModel chat = chat("base", 4);
        ToolSpecification tool = ToolSpecification.builder().name("f").build();
        for (ChatRequest request :
                List.of(
                        ask(
                                ChatRequestParameters.builder()
                                        .responseFormat(ResponseFormat.JSON)
                                        .build()),
                        ask(
                                ChatRequestParameters.builder()
                                        .toolSpecifications(tool)
                                        .toolChoice(ToolChoice.REQUIRED)
                                        .build()),
                        request(
                                greedy(1),
                                UserMessage.from(ImageContent.from("http://localhost/x.png"))),
                        request(greedy(1), CustomMessage.from(Map.of("content", "x"))))) {
            assertThrows(UnsupportedFeatureException.class, () -> chat.chat(request));
        }
    }

    @Test
    void whatIsWrong_isAnErrorOfItsKind() {
        LigatureChatModel chat = chat("base", 4);
        ModelNotFoundException unknown =
                assertThrows(
                        ModelNotFoundException.class,
                        () ->
                                chat.chat(
                                        ask(
                                                ChatRequestParameters.builder()
                                                        .modelName("alhpa")
                                                        .build())));
        assertTrue(unknown.getMessage().contains("Did you mean alpha?"), unknown.getMessage());
        assertThrows(
                ModelNotFoundException.class,
                () -> chat.chat(ask(ChatRequestParameters.builder().modelName("../x").build())));
        InvalidRequestException tooMany =
                assertThrows(InvalidRequestException.class, () -> chat.chat(ask(greedy(512))));
        assertTrue(tooMany.getMessage().contains("512"), tooMany.getMessage());
        InvalidRequestException wrong =
                assertThrows(
                        InvalidRequestException.class,
                        () -> chat.chat(ask(ChatRequestParameters.builder().topP(2.0).build())));
        assertTrue(wrong.getMessage().contains("topP"), wrong.getMessage());
        assertThrows(
                InvalidRequestException.class,
                () -> chat.chat(request(greedy(1), UserMessage.from("x ".repeat(2000)))));
    }

    @Test
    void listeners_areToldOfRequestsAnswersAndErrors() {
        List<Object> told = new ArrayList<>();
        ChatModelListener listener =
                new ChatModelListener() {
                    @Override
                    public void onRequest(ChatModelRequestContext context) {
                        told.add(context.chatRequest().modelName());
                    }

                    @Override
                    public void onResponse(ChatModelResponseContext context) {
                        told.add(context.chatResponse().aiMessage().text());
                    }

                    @Override
                    public void onError(ChatModelErrorContext context) {
                        told.add(context.error().getClass());
                    }
                };
        LigatureChatModel chat =
                LigatureChatModel.builder()
                        .engine(fixture.engine)
                        .defaultRequestParameters(greedy(3))
                        .listeners(List.of(listener))
                        .build();
        String answer = chat.chat(QUESTION);
        assertThrows(
                ModelNotFoundException.class,
                () -> chat.chat(ask(ChatRequestParameters.builder().modelName("none").build())));
        assertEquals(List.of("base", answer, "none", ModelNotFoundException.class), told);
    }

    @Test
    void aClosedEngine_refuses_andOneWithoutStoreHasNoAdapters() throws Exception {
        LigatureChatModel left;
        try (ChatEngine engine = ChatEngine.open(fixture.model)) {
            left =
                    LigatureChatModel.builder()
                            .engine(engine)
                            .defaultRequestParameters(greedy(2))
                            .build();
            assertEquals(fixture.alone("base", TEXT, 2), left.chat(QUESTION));
            assertThrows(
                    ModelNotFoundException.class,
                    () ->
                            left.chat(
                                    ask(
                                            ChatRequestParameters.builder()
                                                    .modelName("alpha")
                                                    .build())));
        }
        IllegalStateException closed =
                assertThrows(IllegalStateException.class, () -> left.chat(QUESTION));
        assertTrue(closed.getMessage().contains("closed"), closed.getMessage());
        assertThrows(
                IllegalArgumentException.class,
                () -> ChatEngine.open(fixture.model, fixture.store, "base", 0));
        assertThrows(NullPointerException.class, () -> LigatureChatModel.builder().build());
    }

    @Test
    void parameters_overrideEachOther_andKeepWhatIsTheirs() {
        LigatureChatRequestParameters first =
                LigatureChatRequestParameters.builder().seed(1L).minP(0.5).topK(3).build();
        ChatRequestParameters second =
                LigatureChatRequestParameters.builder().seed(2L).temperature(0.5).build();
        ChatRequestParameters both = first.overrideWith(second);
        LigatureChatRequestParameters own =
                assertInstanceOf(LigatureChatRequestParameters.class, both);
        assertEquals(2L, own.seed());
        assertEquals(0.5, own.minP());
        assertEquals(3, own.topK());
        assertEquals(0.5, own.temperature());
        LigatureChatRequestParameters plain =
                (LigatureChatRequestParameters)
                        own.overrideWith(ChatRequestParameters.builder().topK(7).build());
        assertEquals(2L, plain.seed(), "LangChain4j's own parameters know no seed");
        assertEquals(7, plain.topK());
        assertEquals(own, LigatureChatRequestParameters.builder().overrideWith(own).build());
        assertNotEquals(own, plain);
    }
}
