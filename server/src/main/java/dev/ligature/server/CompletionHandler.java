package dev.ligature.server;

import dev.ligature.LoraException;
import dev.ligature.models.chat.ChatTemplate;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.text.TextStream;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.Collection;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes completion requests from the event loop to the batch. */
final class CompletionHandler {
    private static final Logger LOG = LoggerFactory.getLogger(CompletionHandler.class);

    private static final int BODY_SECONDS = 30; // for a client to send a body

    private final Vertx vertx;
    private final LanguageModel model;
    private final ServedModels models;
    private final BatchEngine engine;
    private final ServerLimits limits;
    private final ServerMetrics metrics;
    private final BodyBudget bodies;
    private final ReadingLanes lanes;
    private final AtomicInteger taken = new AtomicInteger(); // requests that have a place or wait

    CompletionHandler(
            Vertx vertx,
            LanguageModel model,
            ServedModels models,
            BatchEngine engine,
            ServerLimits limits,
            ServerMetrics metrics) {
        this.vertx = vertx;
        this.model = model;
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
    void complete(HttpServerRequest request) {
        handle(request, CompletionReader::read, Json.Kind.COMPLETION);
    }

    /** Handles a request for the next message of a conversation. */
    void chat(HttpServerRequest request) {
        handle(request, ChatReader::read, Json.Kind.CHAT);
    }

    private void handle(HttpServerRequest request, Reader reader, Json.Kind kind) {
        HttpServerResponse response = request.response();
        if (!isJson(request.getHeader(HttpHeaders.CONTENT_TYPE))) {
            // Also keeps a web page that a browser shows from asking: it may not send this type.
            refuse(
                    response,
                    ApiException.of(
                            415,
                            "not_json",
                            "Send the request with content-type: application/json."));
            return;
        }
        BodyReader.read(
                vertx,
                request,
                limits.bodyBytes(),
                bodies,
                Math.min(limits.requestSeconds(), BODY_SECONDS),
                body -> accept(response, body, reader, kind),
                error -> refuse(response, error));
    }

    private static boolean isJson(String type) {
        return type != null
                && type.toLowerCase(Locale.ROOT)
                        .replaceFirst(";.*", "")
                        .strip()
                        .equals("application/json");
    }

    private void refuse(HttpServerResponse response, ApiException error) {
        metrics.response(error.status());
        Replies.error(response, error);
    }

    private void accept(HttpServerResponse response, byte[] body, Reader reader, Json.Kind kind) {
        if (taken.incrementAndGet() > limits.batch() + limits.waiting()) {
            taken.decrementAndGet();
            refuse(
                    response,
                    ApiException.of(
                            429,
                            "too_many_requests",
                            "The server has as many requests as it takes on. Ask again later."));
            return;
        }
        AtomicBoolean given = new AtomicBoolean();
        Runnable giveBack =
                () -> {
                    if (given.compareAndSet(false, true)) {
                        taken.decrementAndGet();
                    }
                };
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(limits.requestSeconds());
        Place place = new Place(vertx.getOrCreateContext(), response, deadline, giveBack);
        response.closeHandler(v -> place.abandon());
        try {
            lanes.execute(
                    body.length,
                    () -> {
                        try {
                            place.check();
                            begin(place, reader.read(body, limits.tokens()), kind);
                        } catch (RuntimeException | Error e) {
                            fail(place, e);
                        }
                    });
        } catch (ApiException full) {
            fail(place, full);
        }
    }

    private void fail(Place place, Throwable error) {
        place.giveBack().run();
        if (place.gone().get()) {
            metrics.aborted();
        }
        ApiException answer = asApi(error);
        metrics.response(answer.status());
        place.loop().runOnContext(v -> Replies.error(place.response(), answer));
    }

    /**
     * The place of a request on its way to the batch.
     *
     * @param loop the event loop of the response
     * @param deadline when the answer must be there, in {@link System#nanoTime}
     * @param giveBack gives the place back
     * @param generation what to cancel when the client goes away
     * @param gone whether it has
     */
    private record Place(
            Context loop,
            HttpServerResponse response,
            long deadline,
            Runnable giveBack,
            AtomicReference<Generation> generation,
            AtomicBoolean gone) {
        Place(Context loop, HttpServerResponse response, long deadline, Runnable giveBack) {
            this(loop, response, deadline, giveBack, new AtomicReference<>(), new AtomicBoolean());
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
            Generation begun = generation.get();
            if (begun != null) {
                begun.cancel();
            }
        }

        void fill(Generation begun) {
            generation.set(begun);
            if (gone.get()) {
                begun.cancel();
            }
        }
    }

    /** Checks and submits a request; outside the event loop, for it takes time. */
    private void begin(Place place, CompletionRequest request, Json.Kind kind) {
        long[] prompt = prompt(request.prompt());
        place.check();
        int tokens = tokens(request, prompt.length);
        ModelLease hold = models.hold(request.model());
        try {
            Generation generation =
                    new Generation(
                            prompt,
                            options(request, tokens),
                            hold,
                            new TextStream(model.tokenizer(), prompt),
                            new StopText(request.stops()),
                            exchange(place, request, kind),
                            place.deadline());
            place.fill(generation);
            engine.submit(generation);
        } catch (RuntimeException | Error e) {
            hold.close();
            throw e;
        }
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
                place.giveBack());
    }

    private long[] prompt(Prompt prompt) {
        if (prompt instanceof Prompt.Ids ids) {
            return checked("prompt", ids.ids().stream().mapToLong(Long::longValue).toArray());
        }
        if (prompt instanceof Prompt.Text text) {
            return checked(
                    "prompt", model.tokenizer().encodePrompt(fitting("prompt", text.text())));
        }
        String text = fitting("messages", text((Prompt.Chat) prompt));
        return checked("messages", model.tokenizer().encode(text));
    }

    /** Refuses a text that cannot fit before the time is spent to make tokens of it. */
    private String fitting(String field, String text) {
        int most = model.shape().maxPositions();
        if (model.tokenizer().file().bound().isExceeded(text, most)) {
            throw tooLong(
                    field, "The text has " + text.length() + " characters, and its tokens are");
        }
        return text;
    }

    private ApiException tooLong(String field, String what) {
        return ApiException.field(
                400,
                "context_length_exceeded",
                field,
                what
                        + " more than the model's "
                        + model.shape().maxPositions()
                        + ". Shorten the prompt, or ask for fewer tokens.");
    }

    private String text(Prompt.Chat chat) {
        ChatTemplate template =
                model.chat()
                        .orElseThrow(
                                () ->
                                        ApiException.of(
                                                400,
                                                "no_chat_template",
                                                "The model has no chat template. POST"
                                                        + " /v1/completions instead."));
        try {
            return template.render(chat.conversation()).text();
        } catch (LoraException e) {
            // The message names a file of the server, which is not the client's business.
            LOG.info("A conversation was not rendered: {}", e.getMessage());
            throw ApiException.field(
                    400,
                    "chat_template",
                    "messages",
                    "The model's chat template refuses these messages"
                            + reason(e)
                            + ". Send roles and contents that the model was trained on.");
        }
    }

    private static String reason(LoraException refusal) {
        String text = String.valueOf(refusal.getMessage());
        int at = text.indexOf(": ");
        return at < 0 ? "" : text.substring(at);
    }

    private long[] checked(String field, long[] ids) {
        if (ids.length == 0) {
            throw ApiException.field(field, field + " has no tokens. Give a text to continue.");
        }
        inVocabulary(field, ids);
        return ids;
    }

    /** Returns how many tokens may be made at most, of what is asked for and there is room for. */
    private int tokens(CompletionRequest request, int prompt) {
        int most = model.shape().maxPositions();
        int room = Math.max(1, Math.min(limits.tokens(), most - prompt));
        int tokens = request.maxTokens().orElse(room);
        if ((long) prompt + tokens > most) {
            throw tooLong(
                    request.prompt() instanceof Prompt.Chat ? "messages" : "prompt",
                    "The prompt's "
                            + prompt
                            + " tokens and max_tokens are "
                            + ((long) prompt + tokens)
                            + " together,");
        }
        return tokens;
    }

    private GenerationOptions options(CompletionRequest request, int tokens) {
        Drawing drawing = request.drawing();
        inVocabulary("logit_bias", drawing.sampling().logitBias().keySet());
        inVocabulary("stop_token_ids", drawing.stopIds());
        if (drawing.minTokens() > tokens) {
            throw ApiException.field(
                    "min_tokens",
                    "min_tokens is more than the "
                            + tokens
                            + " tokens of max_tokens. Ask for less.");
        }
        return drawing.options(tokens, model.tokens().stops());
    }

    private void inVocabulary(String field, Collection<Integer> ids) {
        inVocabulary(field, ids.stream().mapToLong(Integer::longValue).toArray());
    }

    private void inVocabulary(String field, long[] ids) {
        try {
            model.shape().checkTokenIds(ids);
        } catch (LoraException e) {
            throw ApiException.field(field, String.valueOf(e.getMessage()));
        }
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
