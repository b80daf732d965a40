package dev.ligature.server.internal.handler;

import dev.ligature.models.generation.BatchOptions;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.text.StopText;
import dev.ligature.models.text.TextStream;
import dev.ligature.server.internal.admission.Candidate;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Json;
import dev.ligature.server.internal.answer.Usage;
import dev.ligature.server.internal.engine.BatchEngine;
import dev.ligature.server.internal.engine.Generation;
import dev.ligature.server.internal.engine.RequestPart;
import dev.ligature.server.internal.engine.Wording;
import dev.ligature.server.internal.http.Call;
import dev.ligature.server.internal.intake.Place;
import dev.ligature.server.internal.intake.RequestIntake;
import dev.ligature.server.internal.metrics.ServerMetrics;
import dev.ligature.server.internal.request.ChatReader;
import dev.ligature.server.internal.request.Choices;
import dev.ligature.server.internal.request.CompletionReader;
import dev.ligature.server.internal.request.CompletionRequest;
import dev.ligature.server.internal.request.CompletionRequest.Delivery;
import dev.ligature.server.internal.request.Drawing;
import dev.ligature.server.internal.request.Prompt;
import dev.ligature.server.model.LanguageModel;
import dev.ligature.server.settings.ServerLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/** Takes requests for completions to the batch. */
final class CompletionHandler {
    /** Of a token's text, as it grows, as JSON, and as that is sent. */
    private static final int BYTES_OF_TEXT = 64;

    /**
     * Of one probability with its token: objects, and a hundred characters of JSON, three times.
     */
    private static final int BYTES_OF_LOGPROB = 512;

    private final RequestIntake intake;
    private final LanguageModel model;
    private final PromptReader prompts;
    private final BatchEngine engine;
    private final ServerLimits limits;
    private final ServerMetrics metrics;

    CompletionHandler(
            RequestIntake intake,
            LanguageModel model,
            BatchOptions options,
            BatchEngine engine,
            ServerLimits limits,
            ServerMetrics metrics) {
        this.intake = intake;
        this.model = model;
        this.prompts = new PromptReader(model, limits.tokens(), options);
        this.engine = engine;
        this.limits = limits;
        this.metrics = metrics;
    }

    /** Handles a request for a completion, whose method and path are right. */
    void complete(Call call) {
        handle(call, CompletionReader::read, Json.Kind.COMPLETION);
    }

    /** Handles a request for the next message of a conversation. */
    void chat(Call call) {
        handle(call, ChatReader::read, Json.Kind.CHAT);
    }

    private void handle(
            Call call, BiFunction<byte[], Integer, CompletionRequest> reader, Json.Kind kind) {
        intake.handle(
                call,
                body -> reader.apply(body, limits.tokens()),
                (place, request) -> begin(place, request, kind));
    }

    /** Checks and submits a request; outside the event loop, for it takes time. */
    private void begin(Place place, CompletionRequest request, Json.Kind kind) {
        Choices choices = request.choices();
        int rows = request.prompts().size() * choices.bestOf();
        if (rows > limits.batch()) {
            throw ApiException.field(
                    request.prompts().size() > 1 ? "prompt" : choices.areRanked() ? "best_of" : "n",
                    "The request asks for "
                            + rows
                            + " texts, and the server makes "
                            + limits.batch()
                            + " at once. Ask for fewer, or in several requests.");
        }
        intake.more(place, rows - 1);
        intake.admit(place, request.model());
        Exchange exchange = exchange(place, request, kind);
        List<Candidate<Generation>> candidates = new ArrayList<>();
        long tokens = 0;
        for (Prompt prompt : request.prompts()) {
            long[] ids = prompts.tokens(prompt);
            place.check();
            GenerationOptions options = prompts.options(request, prompts.room(request, ids.length));
            Wording wording = prompts.wording(request, prompt, ids);
            long told = (long) options.maxNewTokens() + (choices.echo() ? ids.length : 0);
            tokens += told * choices.bestOf();
            for (int i = 0; i < choices.bestOf(); i++) {
                candidates.add(
                        candidate(
                                place,
                                request,
                                ids,
                                options,
                                wording,
                                exchange,
                                candidates.size()));
            }
        }
        if (request.delivery() == Delivery.WHOLE) {
            long bytes = tokens * bytesOfToken(choices);
            intake.whenRoom(place, bytes, () -> engine.submit(candidates));
        } else {
            engine.submit(candidates); // events that nobody reads take room as they come
        }
    }

    private static long bytesOfToken(Choices choices) {
        boolean tells = choices.hasLogprobs() || choices.areRanked();
        long logprobs = tells ? 1L + Math.max(0, choices.logprobs()) : 0;
        return BYTES_OF_TEXT + logprobs * BYTES_OF_LOGPROB;
    }

    private Candidate<Generation> candidate(
            Place place,
            CompletionRequest request,
            long[] ids,
            GenerationOptions options,
            Wording wording,
            Exchange exchange,
            int index) {
        return new Candidate<>(
                request.model(),
                place.deadline(),
                place::isOver,
                lease -> {
                    place.admit(request.model());
                    Generation begun =
                            new Generation(
                                    ids,
                                    Drawing.ofChoice(options, index),
                                    lease,
                                    new TextStream(model.tokenizer(), ids),
                                    new StopText(request.stops()),
                                    exchange.choice(index),
                                    place.clock(),
                                    wording);
                    boolean isFirst = index % request.choices().bestOf() == 0;
                    place.fill(isFirst ? begun : new FurtherChoice(begun));
                    return begun;
                },
                exchange::fail);
    }

    /** A text whose prompt counts with the first one of the same prompt. */
    private record FurtherChoice(Generation made) implements RequestPart {
        @Override
        public void cancel() {
            made.cancel();
        }

        @Override
        public Usage usage() {
            return made.usage().withoutPrompt();
        }
    }

    private Exchange exchange(Place place, CompletionRequest request, Json.Kind kind) {
        Json.Head head =
                new Json.Head(
                        kind, kind.newId(), System.currentTimeMillis() / 1000, request.model());
        return new Exchange(
                place,
                metrics,
                head,
                request.delivery(),
                request.choices(),
                request.prompts().size(),
                request.tools());
    }
}
