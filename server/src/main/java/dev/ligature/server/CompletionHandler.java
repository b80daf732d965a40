package dev.ligature.server;

import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.text.TextStream;
import dev.ligature.server.CompletionSink.Usage;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes completion requests from the event loop to the batch. */
final class CompletionHandler {
    private static final Logger LOG = LoggerFactory.getLogger(CompletionHandler.class);

    private static final int BODY_SECONDS = 30; // for a client to send a body

    private final Vertx vertx;
    private final LanguageModel model;
    private final PromptReader prompts;
    private final ServedModels models;
    private final BatchEngine engine;
    private final ServerLimits limits;
    private final ServerMetrics metrics;
    private final LackOfMemory memory;
    private final BodyBudget bodies;
    private final ReadingLanes lanes;
    private final AtomicInteger taken = new AtomicInteger(); // requests that have a place or wait

    CompletionHandler(
            Vertx vertx,
            LanguageModel model,
            ServedModels models,
            BatchEngine engine,
            ServerLimits limits,
            ServerMetrics metrics,
            LackOfMemory memory) {
        this.vertx = vertx;
        this.memory = memory;
        this.model = model;
        this.prompts = new PromptReader(model, limits.tokens());
        this.models = models;
        this.engine = engine;
        this.limits = limits;
        this.metrics = metrics;
        this.bodies = BodyBudget.of(limits);
        this.lanes =
                new ReadingLanes(
                        limits.batch() + limits.waiting(),
                        Runtime.getRuntime().availableProcessors());
    }

    /** A kind of request: how its body is read, and what its answer looks like. */
    private interface Reader {
        CompletionRequest read(byte[] body, int mostTokens);
    }

    /** Handles a request for a completion, whose method and path are right. */
    void complete(Call call) {
        handle(call, CompletionReader::read, Json.Kind.COMPLETION);
    }

    /** Handles a request for the next message of a conversation. */
    void chat(Call call) {
        handle(call, ChatReader::read, Json.Kind.CHAT);
    }

    private void handle(Call call, Reader reader, Json.Kind kind) {
        HttpServerRequest request = call.request();
        HttpServerResponse response = request.response();
        if (!BodyReader.isJson(request.getHeader(HttpHeaders.CONTENT_TYPE))) {
            // Also keeps a web page that a browser shows from asking: it may not send this type.
            refuse(
                    response,
                    ApiException.of(
                            415,
                            "not_json",
                            "Send the request with content-type: application/json."));
            return;
        }
        try {
            call.begin();
        } catch (ApiException limited) {
            refuse(response, limited);
            return;
        }
        BodyReader.read(
                vertx,
                request,
                limits.bodyBytes(),
                bodies,
                Math.min(limits.requestSeconds(), BODY_SECONDS),
                body -> accept(call, body, reader, kind),
                error -> refuse(response, error));
    }

    private void refuse(HttpServerResponse response, ApiException error) {
        metrics.response(error.status());
        Replies.error(response, error);
    }

    private void accept(Call call, byte[] body, Reader reader, Json.Kind kind) {
        HttpServerResponse response = call.request().response();
        if (taken.incrementAndGet() > limits.batch() + limits.waiting()) {
            taken.decrementAndGet();
            bodies.give(body.length);
            refuse(response, tooMany());
            return;
        }
        AtomicInteger held = new AtomicInteger(1);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(limits.requestSeconds());
        Place place = new Place(vertx.getOrCreateContext(), call, deadline, held, taken);
        response.closeHandler(v -> place.abandon());
        try {
            lanes.execute(
                    body.length,
                    () -> {
                        try {
                            begin(place, read(place, body, reader), kind);
                        } catch (RuntimeException | Error e) {
                            fail(place, e);
                        }
                    });
        } catch (ApiException full) {
            bodies.give(body.length);
            fail(place, full);
        }
    }

    private CompletionRequest read(Place place, byte[] body, Reader reader) {
        try {
            place.check();
            return reader.read(body, limits.tokens());
        } finally {
            bodies.give(body.length);
        }
    }

    private static ApiException tooMany() {
        return ApiException.of(
                429,
                "too_many_requests",
                "The server has as many requests as it takes on. Ask again later.");
    }

    private void fail(Place place, Throwable error) {
        memory.note(error);
        if (place.gone().get()) {
            metrics.aborted();
        }
        ApiException answer = asApi(error);
        metrics.response(answer.status());
        place.end(answer.status());
        place.loop().runOnContext(v -> Replies.error(place.response(), answer));
    }

    /**
     * The places of a request on its way to the batch, one for each text that is made.
     *
     * @param loop the event loop of the response
     * @param call the request
     * @param deadline when the answer must be there, in {@link System#nanoTime}
     * @param held how many places it has
     * @param taken what all requests together have
     * @param generations what to cancel when the client goes away
     * @param firsts the first one of each prompt, with which its tokens count
     * @param gone whether it has
     */
    private record Place(
            Context loop,
            Call call,
            long deadline,
            AtomicInteger held,
            AtomicInteger taken,
            Queue<Generation> generations,
            Set<Generation> firsts,
            AtomicBoolean gone) {
        Place(Context loop, Call call, long deadline, AtomicInteger held, AtomicInteger taken) {
            this(
                    loop,
                    call,
                    deadline,
                    held,
                    taken,
                    new ConcurrentLinkedQueue<>(),
                    ConcurrentHashMap.newKeySet(),
                    new AtomicBoolean());
        }

        HttpServerResponse response() {
            return call.request().response();
        }

        /** Gives the places back, and ends what is still made; the status is known by now. */
        void end(int status) {
            taken.addAndGet(-held.getAndSet(0));
            Usage used = new Usage(0, 0);
            for (Generation made : generations) {
                made.cancel();
                Usage usage = made.usage();
                int prompt = firsts.contains(made) ? usage.promptTokens() : 0;
                used = used.plus(new Usage(prompt, usage.newTokens()));
            }
            call.used(used.promptTokens(), used.newTokens());
            call.end(status);
        }

        /** Returns whether nobody waits for it any more, or a part of it has failed. */
        boolean isOver() {
            return gone.get() || held.get() == 0;
        }

        /** Ends work for a client that has gone away, or whose time is over. */
        void check() {
            if (gone.get()) {
                throw BatchEngine.gone();
            }
            if (System.nanoTime() - deadline > 0) {
                throw BatchEngine.late();
            }
        }

        /** Cancels; whichever comes last of this and {@link #fill} sees the other. */
        void abandon() {
            gone.set(true);
            generations.forEach(Generation::cancel);
        }

        void fill(Generation begun, boolean isFirst) {
            if (isFirst) {
                firsts.add(begun);
            }
            generations.add(begun);
            if (isOver()) {
                begun.cancel();
            }
        }
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
        if (taken.addAndGet(rows - 1) > limits.batch() + limits.waiting()) {
            taken.addAndGet(1 - rows);
            throw tooMany();
        }
        place.held().addAndGet(rows - 1);
        place.call().model(request.model());
        if (!place.call().mayUse(request.model())) {
            throw ServedModels.unknown(request.model());
        }
        models.check(request.model());
        Exchange exchange = exchange(place, request, kind);
        List<Candidate> candidates = new ArrayList<>();
        for (Prompt prompt : request.prompts()) {
            long[] ids = prompts.tokens(prompt);
            place.check();
            GenerationOptions options = prompts.options(request, prompts.room(request, ids.length));
            Wording wording = prompts.wording(request, prompt, ids);
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
        engine.submit(candidates);
    }

    private Candidate candidate(
            Place place,
            CompletionRequest request,
            long[] ids,
            GenerationOptions options,
            Wording wording,
            Exchange exchange,
            int index) {
        return new Candidate(
                request.model(),
                place.deadline(),
                place::isOver,
                lease -> {
                    Generation begun =
                            new Generation(
                                    ids,
                                    Drawing.ofChoice(options, index),
                                    lease,
                                    new TextStream(model.tokenizer(), ids),
                                    new StopText(request.stops()),
                                    exchange.choice(index),
                                    place.deadline(),
                                    wording);
                    place.fill(begun, index % request.choices().bestOf() == 0);
                    return begun;
                },
                exchange::fail);
    }

    private Exchange exchange(Place place, CompletionRequest request, Json.Kind kind) {
        Json.Head head =
                new Json.Head(
                        kind, kind.newId(), System.currentTimeMillis() / 1000, request.model());
        return new Exchange(
                task -> place.loop().runOnContext(v -> task.run()),
                place.response(),
                metrics,
                head,
                request.delivery(),
                request.choices(),
                request.prompts().size(),
                request.tools(),
                place::end);
    }

    /** Ends the threads; what they have not begun is not answered. */
    void close() {
        lanes.close();
    }

    private static ApiException asApi(Throwable error) {
        if (error instanceof ApiException api) {
            return api;
        }
        LOG.error("A request failed", error);
        return ApiException.of(
                500, "internal_error", "The request failed. The server's log says more.");
    }
}
