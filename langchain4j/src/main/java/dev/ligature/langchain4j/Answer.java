package dev.ligature.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import dev.ligature.models.chat.ToolCall;
import dev.ligature.models.chat.ToolCallReader;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.text.StopText;
import dev.ligature.models.text.TextStream;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** An answer that grows. For the thread that waits for it, but for {@link #cancel}. */
final class Answer {
    private final ChatQuestion question;
    private final int promptTokens;
    private final Growth growth;
    private final TextStream stream;
    private final StopText stops;
    private final @Nullable ToolCallReader reader;
    private final StringBuilder text = new StringBuilder();
    private final List<ToolExecutionRequest> calls = new ArrayList<>();
    private int tokens;
    private volatile boolean cancelled;

    /** Is told what comes. */
    interface Listener {
        /** Takes a piece of the text, which is not empty. */
        void text(String piece);

        /** Takes a call of a function. */
        void call(int index, ToolExecutionRequest request);
    }

    /** Hears nothing. */
    static final Listener SILENT =
            new Listener() {
                @Override
                public void text(String piece) {}

                @Override
                public void call(int index, ToolExecutionRequest request) {}
            };

    Answer(
            ChatEngine engine,
            ChatQuestion question,
            long[] prompt,
            GenerationOptions options,
            String adapter,
            Runnable release) {
        this.question = question;
        this.promptTokens = prompt.length;
        this.growth = new Growth(prompt, adapter, options, release);
        this.stream = new TextStream(engine.tokenizer(), prompt);
        this.stops = new StopText(question.stops());
        this.reader = question.tools().isEmpty() ? null : new ToolCallReader(question.tools());
    }

    Growth growth() {
        return growth;
    }

    /** Ends it early; nothing is told from then on. */
    void cancel() {
        cancelled = true;
        growth.cancel();
    }

    boolean isCancelled() {
        return cancelled;
    }

    /**
     * Waits for the whole answer.
     *
     * @return the answer; null if it was cancelled
     * @throws LangChain4jException if it has failed, or the thread is interrupted
     */
    @Nullable ChatResponse await(Listener listener) {
        boolean whole = false;
        try {
            boolean stopped = grow(listener);
            whole = true;
            if (cancelled) {
                return null;
            }
            give(stops.add(stream.finish()), listener);
            give(stops.finish(), listener);
            if (reader != null) {
                take(reader.finish(), listener);
            }
            return cancelled // by the last piece, which comes after the last token
                    ? null
                    : response(stopped || stops.isStopped());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LangChain4jException("interrupted while an answer was computed", e);
        } finally {
            if (!whole) {
                growth.cancel();
            }
        }
    }

    /** Takes tokens until there are no more of interest; whether a token ended the text. */
    private boolean grow(Listener listener) throws InterruptedException {
        while (true) {
            Growth.News news = growth.next();
            if (news instanceof Growth.End end) {
                return end.stopped();
            }
            if (news instanceof Growth.Failed failed) {
                throw ChatFailure.ofAnswer(failed.error());
            }
            if (!cancelled && !stops.isStopped()) {
                tokens++;
                give(stops.add(stream.add(((Growth.Token) news).id())), listener);
                if (stops.isStopped()) {
                    growth.cancel(); // its end comes, with the adapter given back
                }
            }
        }
    }

    private void give(String piece, Listener listener) {
        if (reader != null) {
            take(reader.add(piece), listener);
        } else {
            tell(piece, listener);
        }
    }

    private void take(ToolCallReader.Found found, Listener listener) {
        tell(found.text(), listener);
        for (ToolCall call : found.calls()) {
            ToolExecutionRequest request =
                    ToolExecutionRequest.builder()
                            .id(call.id())
                            .name(call.name())
                            .arguments(call.arguments())
                            .build();
            listener.call(calls.size(), request);
            calls.add(request);
        }
    }

    private void tell(String piece, Listener listener) {
        if (!piece.isEmpty()) {
            text.append(piece);
            listener.text(piece);
        }
    }

    private ChatResponse response(boolean stopped) {
        AiMessage.Builder message = AiMessage.builder();
        if (calls.isEmpty() || text.length() > 0) {
            message.text(text.toString());
        }
        if (!calls.isEmpty()) {
            message.toolExecutionRequests(calls);
        }
        FinishReason reason =
                !stopped
                        ? FinishReason.LENGTH
                        : calls.isEmpty() ? FinishReason.STOP : FinishReason.TOOL_EXECUTION;
        return ChatResponse.builder()
                .aiMessage(message.build())
                .id("chat-" + UUID.randomUUID())
                .modelName(question.model())
                .tokenUsage(new TokenUsage(promptTokens, tokens))
                .finishReason(reason)
                .build();
    }
}
