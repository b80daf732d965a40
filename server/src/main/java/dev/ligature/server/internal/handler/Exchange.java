package dev.ligature.server.internal.handler;

import dev.ligature.models.chat.ToolCall;
import dev.ligature.models.chat.ToolCallReader;
import dev.ligature.models.chat.ToolCallReader.Found;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.ChoiceText;
import dev.ligature.server.internal.answer.Finish;
import dev.ligature.server.internal.answer.Json;
import dev.ligature.server.internal.answer.Refusals;
import dev.ligature.server.internal.answer.TokenLogprob;
import dev.ligature.server.internal.answer.Usage;
import dev.ligature.server.internal.engine.CompletionSink;
import dev.ligature.server.internal.http.AnswerWriter;
import dev.ligature.server.internal.intake.AnswerPath;
import dev.ligature.server.internal.metrics.ServerMetrics;
import dev.ligature.server.internal.request.Choices;
import dev.ligature.server.internal.request.CompletionRequest.Delivery;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The answer to one request, of one or more choices: whole, or as server-sent events. What the
 * batch's thread hands over is written by the event loop, in order; a client that reads slowly
 * holds up nobody, and what waits for it is within the room for answers.
 *
 * <p>The place is given back and the response is counted before the last of it is written, so that
 * a client that has its answer finds both done. A choice that fails ends the request.
 */
final class Exchange {
    private final AnswerPath path;
    private final AnswerWriter writer;
    private final ServerMetrics metrics;
    private final Json.Head head;
    private final Delivery delivery;
    private final Choices choices;
    private final List<Choice> made = new ArrayList<>();
    private int open;
    private boolean begun; // whether the first event was sent
    private boolean ended;

    /**
     * Creates an answer.
     *
     * @param path leads to the client
     * @param head what stands in all of it
     * @param prompts for each of which there are choices
     * @param tools the functions that answers may call
     */
    Exchange(
            AnswerPath path,
            ServerMetrics metrics,
            Json.Head head,
            Delivery delivery,
            Choices choices,
            int prompts,
            Set<String> tools) {
        this.path = path;
        this.writer = path.writer();
        this.metrics = metrics;
        this.head = head;
        this.delivery = delivery;
        this.choices = choices;
        this.open = prompts * choices.bestOf();
        for (int i = 0; i < open; i++) {
            made.add(new Choice(i, tools.isEmpty() ? null : new ToolCallReader(tools)));
        }
    }

    /**
     * Returns where a choice goes.
     *
     * @param index those of the first prompt come first
     */
    CompletionSink choice(int index) {
        return made.get(index);
    }

    private final class Choice implements CompletionSink {
        private final int index;
        private final @Nullable ToolCallReader reader;
        private final StringBuilder text = new StringBuilder();
        private final List<ToolCall> calls = new ArrayList<>();
        private final List<TokenLogprob> tokens = new ArrayList<>();
        private int offset; // of the tokens that come next
        private double sum; // of the logarithms of the new tokens' probabilities
        private int summed;
        private boolean isBegun;
        private @Nullable Finish finish;
        private Usage usage = Usage.NONE;

        Choice(int index, @Nullable ToolCallReader reader) {
            this.index = index;
            this.reader = reader;
        }

        @Override
        public void echo(String prompt, List<TokenLogprob> ofPrompt) {
            take(prompt, ofPrompt);
        }

        @Override
        public void text(String piece, List<TokenLogprob> ofPiece) {
            ofPiece.forEach(token -> sum += token.logprob());
            summed += ofPiece.size();
            take(piece, ofPiece);
        }

        private void take(String piece, List<TokenLogprob> ofPiece) {
            give(reader == null ? new Found(piece, List.of()) : reader.add(piece), ofPiece);
        }

        private void give(Found found, List<TokenLogprob> ofPiece) {
            synchronized (Exchange.this) {
                if (ended) {
                    return;
                }
                boolean isNothing =
                        found.text().isEmpty() && found.calls().isEmpty() && ofPiece.isEmpty();
                if (delivery == Delivery.WHOLE) {
                    text.append(found.text());
                    tokens.addAll(ofPiece);
                } else if (!isNothing) {
                    begin();
                    event(Json.piece(head, told(found, ofPiece, null)));
                    ofPiece.forEach(token -> offset += token.token().length());
                }
                calls.addAll(found.calls());
            }
        }

        private ChoiceText told(
                Found found, List<TokenLogprob> ofPiece, @Nullable Finish finished) {
            boolean tellsTokens = choices.hasLogprobs() && !(ofPiece.isEmpty() && finished != null);
            return new ChoiceText(
                    index,
                    found.text(),
                    found.calls(),
                    calls.size(),
                    offset,
                    tellsTokens ? ofPiece : null,
                    finished);
        }

        private void begin() {
            if (!isBegun && head.kind() == Json.Kind.CHAT) {
                event(Json.begin(head, index));
            }
            isBegun = true;
            begun = true;
        }

        @Override
        public void end(Finish why, Usage used) {
            if (reader != null) {
                give(reader.finish(), List.of());
            }
            synchronized (Exchange.this) {
                if (ended) {
                    return;
                }
                Finish last = why == Finish.STOP && !calls.isEmpty() ? Finish.TOOL_CALLS : why;
                finish = last;
                usage = used;
                open--;
                if (delivery != Delivery.WHOLE) {
                    if (open == 0) {
                        finish(200);
                    }
                    begin();
                    event(Json.piece(head, told(new Found("", List.of()), List.of(), last)));
                }
                if (open == 0) {
                    complete();
                }
            }
        }

        @Override
        public void fail(ApiException error) {
            Exchange.this.fail(error);
        }

        private double mean() {
            return summed == 0 ? Double.NEGATIVE_INFINITY : sum / summed;
        }

        private ChoiceText whole(int at) {
            return new ChoiceText(
                    at,
                    text.toString(),
                    calls,
                    0,
                    0,
                    choices.hasLogprobs() ? tokens : null,
                    finish);
        }
    }

    private void complete() {
        if (delivery == Delivery.WHOLE) {
            finish(200);
            String body = Json.completion(head, sent(), usage());
            path.onLoop(() -> writer.json(200, body));
        } else {
            if (delivery == Delivery.EVENTS_AND_USAGE) {
                event(Json.usage(head, usage()));
            }
            path.onLoop(
                    () -> {
                        writer.event("[DONE]");
                        writer.endEvents();
                    });
        }
    }

    /** Returns the choices that are sent: of each prompt as many as it asks for. */
    private List<ChoiceText> sent() {
        List<ChoiceText> sent = new ArrayList<>();
        for (int from = 0; from < made.size(); from += choices.bestOf()) {
            List<Choice> ofPrompt = new ArrayList<>(made.subList(from, from + choices.bestOf()));
            if (choices.areRanked()) {
                ofPrompt.sort(Comparator.comparingDouble(Choice::mean).reversed());
            }
            ofPrompt.subList(0, choices.n()).forEach(choice -> sent.add(choice.whole(sent.size())));
        }
        return sent;
    }

    /** Returns the tokens of all choices; those of a prompt count once. */
    private Usage usage() {
        Usage sum = Usage.NONE;
        for (Choice choice : made) {
            boolean isFirst = choice.index % choices.bestOf() == 0;
            sum = sum.plus(isFirst ? choice.usage : choice.usage.withoutPrompt());
        }
        return sum;
    }

    /** Ends the request with an error, unless it has ended. */
    synchronized void fail(ApiException error) {
        if (ended) {
            return;
        }
        if (begun && error.status() != Refusals.GONE) { // its status has been sent
            metrics.brokenStream();
            finish(200);
        } else {
            finish(error.status());
        }
        path.onLoop(() -> writer.error(error));
    }

    private void finish(int status) {
        ended = true;
        metrics.response(status);
        path.end(status, writer);
    }

    private void event(String data) {
        path.onLoop(() -> writer.event(data));
    }
}
