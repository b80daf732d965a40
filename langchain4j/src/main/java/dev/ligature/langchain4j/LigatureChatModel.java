package dev.ligature.langchain4j;

import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.util.Objects;

/**
 * A chat model in this process. {@code modelName} of a request is the adapter that it goes through.
 *
 * <pre>{@code
 * ChatModel chat =
 *         LigatureChatModel.builder()
 *                 .engine(engine)
 *                 .modelName("legal")
 *                 .defaultRequestParameters(
 *                         ChatRequestParameters.builder().temperature(0.0).maxOutputTokens(200).build())
 *                 .build();
 * }</pre>
 *
 * <p>The temperature is 1 unless it is set; 0 takes the likeliest tokens. Without {@code
 * maxOutputTokens} an answer may have as many tokens as the model's positions allow. Calls of
 * functions are found in the forms of Qwen and of Llama 3. JSON schemas for answers, and tools that
 * must be called, are not supported. Thread-safe.
 */
public final class LigatureChatModel extends ConfiguredChat implements ChatModel {
    private LigatureChatModel(Builder builder) {
        super(builder);
    }

    /** Returns a builder. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds a chat model. */
    public static final class Builder extends ConfiguredChat.Builder<Builder> {
        private Builder() {}

        @Override
        Builder self() {
            return this;
        }

        /** Returns the model. */
        public LigatureChatModel build() {
            return new LigatureChatModel(this);
        }
    }

    /**
     * Answers a conversation.
     *
     * @throws LangChain4jException of the kind that says whether it can be tried again
     */
    @Override
    public ChatResponse doChat(ChatRequest request) {
        Answer answer = engine.begin(ChatQuestion.of(request, engine.baseName()));
        return Objects.requireNonNull(answer.await(Answer.SILENT), "nobody has cancelled it");
    }
}
