package dev.ligature.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionTokenLogprob;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionChoice;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.models.Model;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiLanguageModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.ligature.server.settings.ServerLimits;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server as OpenAI's client for Java and LangChain4j use it, with their own defaults. */
final class RealClientsTest {
    private static final String TEXT = "int max(";
    private static final String CHAT = "user: int max(\nassistant: ";

    @TempDir static Path adapters;
    private static ServerFixture fixture;
    private static String url;
    private static OpenAIClient client;

    @BeforeAll
    static void open() throws Exception {
        fixture = new ServerFixture(adapters, new ServerLimits(4, 64, 100, 20_000, 60, 30));
        url = "http://127.0.0.1:" + fixture.server().port() + "/v1";
        client = OpenAIOkHttpClient.builder().baseUrl(url).apiKey("none").maxRetries(0).build();
    }

    @AfterAll
    static void close() throws Exception {
        client.close();
        fixture.awaitIdle();
        fixture.close();
    }

    @Test
    void openAi_listsAndRetrievesModels() {
        List<String> names = client.models().list().data().stream().map(Model::id).toList();

        assertEquals(List.of("base", "alpha", "beta", "gamma"), names);
        assertEquals("beta", client.models().retrieve("beta").id());
        assertThrows(NotFoundException.class, () -> client.models().retrieve("nobody"));
    }

    @Test
    void openAi_completesTextsListsAndTokens() throws Exception {
        String expected = fixture.alone("alpha", TEXT, 5);
        List<Long> tokens = Arrays.stream(fixture.tokens(TEXT)).boxed().toList();

        assertEquals(expected, text(completion().prompt(TEXT).build()));
        assertEquals(expected, text(completion().promptOfArrayOfStrings(List.of(TEXT)).build()));
        assertEquals(expected, text(completion().promptOfArrayOfTokens(tokens).build()));
        try (StreamResponse<Completion> stream =
                client.completions().createStreaming(completion().prompt(TEXT).build())) {
            assertEquals(
                    expected,
                    stream.stream()
                            .flatMap(piece -> piece.choices().stream())
                            .map(choice -> choice.text())
                            .collect(Collectors.joining()));
        }
    }

    @Test
    void openAi_getsSeveralChoices_inOrderAndWithLogprobs() throws Exception {
        List<String> texts = List.of(TEXT, "public ");
        Completion answer =
                client.completions()
                        .create(
                                completion()
                                        .promptOfArrayOfStrings(texts)
                                        .n(2)
                                        .logprobs(2)
                                        .build());

        assertEquals(4, answer.choices().size());
        for (int i = 0; i < 4; i++) {
            CompletionChoice choice = answer.choices().get(i);
            assertEquals(i, choice.index());
            assertEquals(fixture.alone("alpha", texts.get(i / 2), 5), choice.text());
            CompletionChoice.Logprobs logprobs = choice.logprobs().orElseThrow();
            assertEquals(choice.text(), String.join("", logprobs.tokens().orElseThrow()));
            assertEquals(5, logprobs.tokenLogprobs().orElseThrow().size());
            assertTrue(logprobs.tokenLogprobs().get().get(0) < 0);
            assertEquals(5, logprobs.topLogprobs().orElseThrow().size());
        }
        assertEquals(20, answer.usage().orElseThrow().completionTokens());
        assertEquals(
                texts.stream().mapToInt(text -> fixture.tokens(text).length).sum(),
                answer.usage().get().promptTokens());
    }

    @Test
    void openAi_chatsWithSeveralChoicesAndLogprobs() throws Exception {
        ChatCompletion answer =
                client.chat()
                        .completions()
                        .create(
                                ChatCompletionCreateParams.builder()
                                        .model("alpha")
                                        .addUserMessage(TEXT)
                                        .maxCompletionTokens(5)
                                        .temperature(0)
                                        .n(2)
                                        .logprobs(true)
                                        .topLogprobs(3)
                                        .build());

        assertEquals(2, answer.choices().size());
        for (ChatCompletion.Choice choice : answer.choices()) {
            assertEquals(fixture.alone("alpha", CHAT, 5), choice.message().content().orElseThrow());
            List<ChatCompletionTokenLogprob> tokens =
                    choice.logprobs().orElseThrow().content().orElseThrow();
            assertEquals(5, tokens.size());
            assertEquals(3, tokens.get(0).topLogprobs().size());
            assertEquals(
                    tokens.get(0).logprob(), tokens.get(0).topLogprobs().get(0).logprob(), 1e-6);
        }
    }

    private static CompletionCreateParams.Builder completion() {
        return CompletionCreateParams.builder().model("alpha").maxTokens(5).temperature(0);
    }

    private static String text(CompletionCreateParams request) {
        return client.completions().create(request).choices().get(0).text();
    }

    @Test
    void openAi_chats() throws Exception {
        ChatCompletionCreateParams request =
                ChatCompletionCreateParams.builder()
                        .model("alpha")
                        .addUserMessage(TEXT)
                        .maxCompletionTokens(5)
                        .temperature(0)
                        .build();
        String expected = fixture.alone("alpha", CHAT, 5);

        ChatCompletion answer = client.chat().completions().create(request);

        assertEquals(expected, answer.choices().get(0).message().content().orElseThrow());
        assertEquals(5, answer.usage().orElseThrow().completionTokens());
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(request)) {
            assertEquals(
                    expected,
                    stream.stream()
                            .flatMap(chunk -> chunk.choices().stream())
                            .flatMap(choice -> choice.delta().content().stream())
                            .collect(Collectors.joining()));
        }
    }

    @Test
    void openAi_seesErrorsAsItsOwn() {
        CompletionCreateParams unknown =
                CompletionCreateParams.builder().model("nobody").prompt(TEXT).build();
        NotFoundException missing =
                assertThrows(NotFoundException.class, () -> client.completions().create(unknown));
        assertEquals("model_not_found", missing.code().orElseThrow());
        CompletionCreateParams wrong = completion().prompt(TEXT).temperature(3).build();
        BadRequestException refused =
                assertThrows(BadRequestException.class, () -> client.completions().create(wrong));
        assertEquals("temperature", refused.param().orElseThrow());
    }

    @Test
    void langChain_completesAndChats() throws Exception {
        OpenAiLanguageModel language =
                OpenAiLanguageModel.builder()
                        .baseUrl(url)
                        .apiKey("none")
                        .modelName("beta")
                        .temperature(0.0)
                        .maxRetries(0)
                        .build();

        assertEquals(fixture.alone("beta", TEXT, 16), language.generate(TEXT).content());
        assertEquals(fixture.alone("beta", CHAT, 6), langChain("beta", 0.0).chat(TEXT));
    }

    @Test
    void langChain_seesErrorsAsItsOwn() {
        ModelNotFoundException unknown =
                assertThrows(
                        ModelNotFoundException.class, () -> langChain("nobody", 0.0).chat(TEXT));
        assertTrue(unknown.getMessage().contains("nobody"), unknown.getMessage());
        InvalidRequestException wrong =
                assertThrows(
                        InvalidRequestException.class, () -> langChain("beta", 3.0).chat(TEXT));
        assertTrue(wrong.getMessage().contains("temperature"), wrong.getMessage());

        CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
        OpenAiStreamingChatModel.builder()
                .baseUrl(url)
                .apiKey("none")
                .modelName("nobody")
                .build()
                .chat(TEXT, handler(new StringBuilder(), whole));
        ExecutionException streamed =
                assertThrows(ExecutionException.class, () -> whole.get(60, TimeUnit.SECONDS));
        assertInstanceOf(ModelNotFoundException.class, streamed.getCause());
    }

    private static OpenAiChatModel langChain(String model, double temperature) {
        return OpenAiChatModel.builder()
                .baseUrl(url)
                .apiKey("none")
                .modelName(model)
                .temperature(temperature)
                .maxTokens(6)
                .maxRetries(0)
                .build();
    }

    private static StreamingChatResponseHandler handler(
            StringBuilder pieces, CompletableFuture<ChatResponse> whole) {
        return new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String piece) {
                pieces.append(piece);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                whole.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                whole.completeExceptionally(error);
            }
        };
    }

    @Test
    void langChain_streams() throws Exception {
        OpenAiStreamingChatModel chat =
                OpenAiStreamingChatModel.builder()
                        .baseUrl(url)
                        .apiKey("none")
                        .modelName("gamma")
                        .temperature(0.0)
                        .maxCompletionTokens(6)
                        .build();
        StringBuilder pieces = new StringBuilder();
        CompletableFuture<ChatResponse> whole = new CompletableFuture<>();

        chat.chat(TEXT, handler(pieces, whole));

        String expected = fixture.alone("gamma", CHAT, 6);
        assertEquals(expected, whole.get(60, TimeUnit.SECONDS).aiMessage().text());
        assertEquals(expected, pieces.toString());
        assertTrue(whole.get().tokenUsage().outputTokenCount() > 0);
    }
}
