package dev.ligature.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.internal.InternalStreamingChatResponseHandlerUtils;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;

/**
 * A chat model in this process whose answers are told while they grow: as {@link
 * LigatureChatModel}, but for that. A handler is called by one thread of its own, which a slow one
 * does not delay others by. A call of a function is told when it is complete. Thread-safe.
 */
public final class LigatureStreamingChatModel extends ConfiguredChat implements StreamingChatModel {
    private LigatureStreamingChatModel(Builder builder) {
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
        public LigatureStreamingChatModel build() {
            return new LigatureStreamingChatModel(this);
        }
    }

    /**
     * Answers a conversation. A request without a meaning is an error for the handler too, and by
     * it for the listeners, which hear nothing of what is thrown here.
     */
    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        ChatQuestion question;
        try {
            question = ChatQuestion.of(request, engine.baseName());
        } catch (RuntimeException e) {
            fail(handler, e);
            return;
        }
        engine.stream(() -> run(engine, question, handler));
    }

    private static void fail(StreamingChatResponseHandler handler, Throwable e) {
        InternalStreamingChatResponseHandlerUtils.withLoggingExceptions(
                () -> handler.onError(ChatFailure.ofAnswer(e)));
    }

    private static void run(
            ChatEngine engine, ChatQuestion question, StreamingChatResponseHandler handler) {
        ChatResponse response;
        try {
            Answer answer = engine.begin(question);
            response = answer.await(new Handling(answer, handler));
        } catch (RuntimeException | Error e) {
            fail(handler, e);
            return;
        }
        if (response != null) {
            InternalStreamingChatResponseHandlerUtils.onCompleteResponse(handler, response);
        }
    }

    /** Tells a handler what comes, and lets it end the answer. */
    private record Handling(Answer answer, StreamingChatResponseHandler handler)
            implements Answer.Listener, StreamingHandle {
        @Override
        public void text(String piece) {
            if (!answer.isCancelled()) {
                InternalStreamingChatResponseHandlerUtils.onPartialResponse(handler, piece, this);
            }
        }

        @Override
        public void call(int index, ToolExecutionRequest request) {
            if (!answer.isCancelled()) {
                InternalStreamingChatResponseHandlerUtils.onCompleteToolCall(
                        handler, new CompleteToolCall(index, request));
            }
        }

        @Override
        public void cancel() {
            answer.cancel();
        }

        @Override
        public boolean isCancelled() {
            return answer.isCancelled();
        }
    }
}
