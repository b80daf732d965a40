package dev.ligature.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.listener.ChatModelErrorContext;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.listener.ChatModelRequestContext;
import dev.langchain4j.model.chat.listener.ChatModelResponseContext;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A chat model whose answers are told while they grow. */
final class StreamingChatModelTest {
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
        fixture.close();
    }

    private static LigatureStreamingChatModel chat(String adapter, int tokens) {
        return LigatureStreamingChatModel.builder()
                .engine(fixture.engine)
                .modelName(adapter)
                .defaultRequestParameters(
                        ChatRequestParameters.builder()
                                .temperature(0.0)
                                .maxOutputTokens(tokens)
                                .build())
                .build();
    }

    /** Keeps what it is told. */
    private static class Kept implements StreamingChatResponseHandler {
        final List<String> pieces = new CopyOnWriteArrayList<>();
        final CompletableFuture<ChatResponse> end = new CompletableFuture<>();

        @Override
        public void onPartialResponse(String piece) {
            pieces.add(piece);
        }

        @Override
        public void onCompleteResponse(ChatResponse response) {
            end.complete(response);
        }

        @Override
        public void onError(Throwable error) {
            end.completeExceptionally(error);
        }

        ChatResponse await() throws Exception {
            return end.get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void pieces_addUpToTheAnswer() throws Exception {
        Kept kept = new Kept();
        chat("alpha", 8).chat(QUESTION, kept);
        ChatResponse response = kept.await();
        assertEquals(fixture.alone("alpha", TEXT, 8), response.aiMessage().text());
        assertEquals(response.aiMessage().text(), String.join("", kept.pieces));
        assertTrue(kept.pieces.size() > 1, "" + kept.pieces);
        assertEquals(8, response.tokenUsage().outputTokenCount());
        assertEquals("alpha", response.modelName());
    }

    @Test
    void anError_reachesTheHandler() {
        Kept kept = new Kept();
        chat("nobody", 8).chat(QUESTION, kept);
        ExecutionException error = Assertions.assertThrows(ExecutionException.class, kept::await);
        assertInstanceOf(ModelNotFoundException.class, error.getCause());
    }

    /** Keeps what listeners are told, in its order. */
    private static ChatModelListener listener(List<Object> told) {
        return new ChatModelListener() {
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
    }

    @Test
    void listenersAndHandler_areToldOfRequestsThatAreRefusedAtOnce() throws Exception {
        List<Object> told = new CopyOnWriteArrayList<>();
        LigatureStreamingChatModel chat =
                LigatureStreamingChatModel.builder()
                        .engine(fixture.engine)
                        .defaultRequestParameters(
                                ChatRequestParameters.builder()
                                        .temperature(0.0)
                                        .maxOutputTokens(3)
                                        .build())
                        .listeners(List.of(listener(told)))
                        .build();
        Kept answered = new Kept();
        chat.chat(QUESTION, answered);
        String answer = answered.await().aiMessage().text();
        Kept wrong = new Kept();
        chat.chat(ask(ChatRequestParameters.builder().maxOutputTokens(-1).build()), wrong);
        ExecutionException error = Assertions.assertThrows(ExecutionException.class, wrong::await);
        assertInstanceOf(InvalidRequestException.class, error.getCause());
        assertTrue(error.getMessage().contains("maxOutputTokens is -1"), error.getMessage());
        Kept unsupported = new Kept();
        chat.chat(
                ask(ChatRequestParameters.builder().toolChoice(ToolChoice.REQUIRED).build()),
                unsupported);
        error = Assertions.assertThrows(ExecutionException.class, unsupported::await);
        assertInstanceOf(UnsupportedFeatureException.class, error.getCause());
        assertEquals(
                List.of(
                        "base",
                        answer,
                        "base",
                        InvalidRequestException.class,
                        "base",
                        UnsupportedFeatureException.class),
                told);
    }

    private static ChatRequest ask(ChatRequestParameters parameters) {
        return ChatRequest.builder()
                .messages(UserMessage.from(QUESTION))
                .parameters(parameters)
                .build();
    }

    @Test
    void aSlowHandler_delaysNoOther_andACancelledAnswerEnds() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        Kept slow =
                new Kept() {
                    @Override
                    public void onPartialResponse(
                            PartialResponse piece, PartialResponseContext context) {
                        pieces.add(piece.text());
                        try {
                            go.await();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                        context.streamingHandle().cancel();
                        assertTrue(context.streamingHandle().isCancelled());
                    }
                };
        chat("alpha", 400).chat(QUESTION, slow);
        Kept other = new Kept();
        chat("beta", 4).chat(QUESTION, other);
        assertEquals(fixture.alone("beta", TEXT, 4), other.await().aiMessage().text());
        go.countDown();
        for (int i = 0; i < 2000 && fixture.store.statistics().leasedCount() > 0; i++) {
            Thread.sleep(5);
        }
        assertEquals(0, fixture.store.statistics().leasedCount());
        assertEquals(1, slow.pieces.size());
        assertFalse(slow.end.isDone(), "nothing is told after it was cancelled");
    }

    @Test
    void anAnswerThatIsCancelledAtItsLastPiece_isNotToldToBeComplete() throws Exception {
        String whole = fixture.alone("base", TEXT, 4);
        CompletableFuture<Thread> cancelled = new CompletableFuture<>();
        Kept kept =
                new Kept() {
                    @Override
                    public void onPartialResponse(
                            PartialResponse piece, PartialResponseContext context) {
                        pieces.add(piece.text());
                        if (String.join("", pieces).equals(whole)) {
                            context.streamingHandle().cancel();
                            cancelled.complete(Thread.currentThread());
                        }
                    }
                };
        try (ChatEngine engine = ChatEngine.open(fixture.model)) {
            LigatureStreamingChatModel.builder()
                    .engine(engine)
                    .defaultRequestParameters(
                            ChatRequestParameters.builder()
                                    .temperature(0.0)
                                    .maxOutputTokens(4)
                                    // may begin at the last character, which is held back for it
                                    .stopSequences(whole.substring(whole.length() - 1) + "\0")
                                    .build())
                    .build()
                    .chat(QUESTION, kept);
            cancelled.get(60, TimeUnit.SECONDS);
        }
        cancelled.get().join(60_000); // of the engine, which has ended
        assertFalse(cancelled.get().isAlive());
        assertFalse(kept.end.isDone(), "nothing is told after it was cancelled");
    }

    @Test
    void aHandlerThatFails_isToldSo_andTheAnswerGoesOn() throws Exception {
        List<Throwable> errors = new CopyOnWriteArrayList<>();
        Kept failing =
                new Kept() {
                    @Override
                    public void onPartialResponse(String piece) {
                        throw new IllegalStateException("no");
                    }

                    @Override
                    public void onError(Throwable error) {
                        errors.add(error);
                    }
                };
        chat("base", 3).chat(QUESTION, failing);
        assertEquals(fixture.alone("base", TEXT, 3), failing.await().aiMessage().text());
        assertTrue(errors.size() >= 1, "" + errors);
        assertEquals("no", errors.get(0).getMessage());
    }

    @Test
    void theEndOfTheEngine_isAnErrorForAnswersUnderWay() throws Exception {
        Kept kept = new Kept();
        try (ChatEngine engine = ChatEngine.open(fixture.model)) {
            LigatureStreamingChatModel.builder()
                    .engine(engine)
                    .defaultRequestParameters(
                            ChatRequestParameters.builder().maxOutputTokens(480).build())
                    .build()
                    .chat(QUESTION, kept);
            for (int i = 0; i < 2000 && kept.pieces.isEmpty(); i++) {
                Thread.sleep(5);
            }
        }
        ExecutionException error = Assertions.assertThrows(ExecutionException.class, kept::await);
        assertTrue(error.getMessage().contains("closed"), error.getMessage());
    }
}
