package dev.ligature.server.internal.intake;

import dev.ligature.server.internal.admission.LackOfMemory;
import dev.ligature.server.internal.admission.ServedModels;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Refusals;
import dev.ligature.server.internal.http.AnswerRoom;
import dev.ligature.server.internal.http.AnswerWriter;
import dev.ligature.server.internal.http.BodyBudget;
import dev.ligature.server.internal.http.BodyReader;
import dev.ligature.server.internal.http.Call;
import dev.ligature.server.internal.http.Replies;
import dev.ligature.server.internal.metrics.ServerMetrics;
import dev.ligature.server.settings.ServerLimits;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes requests with a body of JSON from the event loop to the threads that read them, within the
 * limits of their keys and of the server.
 */
public final class RequestIntake {
    private static final Logger LOG = LoggerFactory.getLogger(RequestIntake.class);
    private static final int BODY_SECONDS = 30; // for a client to send a body

    private final Vertx vertx;
    private final ServedModels models;
    private final ServerLimits limits;
    private final ServerMetrics metrics;
    private final LackOfMemory memory;
    private final BodyBudget bodies;
    private final AnswerRoom answers;
    private final ReadingLanes lanes;
    private final AtomicInteger taken = new AtomicInteger(); // requests that have a place or wait

    public RequestIntake(
            Vertx vertx,
            ServedModels models,
            ServerLimits limits,
            AnswerRoom answers,
            ServerMetrics metrics,
            LackOfMemory memory) {
        this.vertx = vertx;
        this.answers = answers;
        this.models = models;
        this.limits = limits;
        this.metrics = metrics;
        this.memory = memory;
        this.bodies = BodyBudget.of(limits);
        this.lanes = new ReadingLanes(most(), Runtime.getRuntime().availableProcessors());
    }

    private int most() {
        return limits.batch() + limits.waiting();
    }

    /**
     * Handles a request, whose method and path are right.
     *
     * @param read reads a body, and throws an {@link ApiException} for one that is wrong; outside
     *     the event loop, like the following
     * @param begin takes what was read; whoever answers ends the place first
     */
    public <T> void handle(Call call, Function<byte[], T> read, BiConsumer<Place, T> begin) {
        HttpServerRequest request = call.request();
        HttpServerResponse response = request.response();
        try {
            BodyReader.requireJson(request);
            call.begin();
        } catch (ApiException refusal) {
            refuse(response, refusal);
            return;
        }
        BodyReader.read(
                vertx,
                request,
                limits.bodyBytes(),
                bodies,
                Math.min(limits.requestSeconds(), BODY_SECONDS),
                body -> accept(call, body, read, begin),
                error -> refuse(response, error));
    }

    private void refuse(HttpServerResponse response, ApiException error) {
        metrics.response(error.status());
        Replies.error(response, error);
    }

    private <T> void accept(
            Call call, byte[] body, Function<byte[], T> read, BiConsumer<Place, T> begin) {
        HttpServerResponse response = call.request().response();
        if (taken.incrementAndGet() > most()) {
            taken.decrementAndGet();
            bodies.give(body.length);
            refuse(response, tooMany());
            return;
        }
        Duration limit = Duration.ofSeconds(limits.requestSeconds());
        Place place = new Place(vertx.getOrCreateContext(), call, limit, taken, answers, metrics);
        response.closeHandler(v -> place.abandon());
        try {
            lanes.execute(
                    body.length,
                    () -> {
                        try {
                            begin.accept(place, read(place, body, read));
                        } catch (RuntimeException | Error e) {
                            fail(place, e);
                        }
                    });
        } catch (ApiException full) {
            bodies.give(body.length);
            fail(place, full);
        }
    }

    private <T> T read(Place place, byte[] body, Function<byte[], T> read) {
        try {
            place.check();
            return read.apply(body);
        } finally {
            bodies.give(body.length);
        }
    }

    /**
     * Takes further places for a request that has one.
     *
     * @param more how many
     * @throws ApiException if there are not so many left
     */
    public void more(Place place, int more) {
        if (!place.take(more, most())) {
            throw tooMany();
        }
    }

    /**
     * Notes the model that a request names, and checks that its key may use it and that there is
     * one of that name.
     *
     * @return whether there is one; false if that has to be found out by a lease of it, which calls
     *     {@link Place#admit}
     * @throws ApiException if it cannot be used
     */
    public boolean admit(Place place, String model) {
        place.call().model(model);
        if (!place.call().mayUse(model)) {
            throw ServedModels.unknown(model);
        }
        boolean isThere = models.check(model);
        if (isThere) {
            place.admit(model);
        }
        return isThere;
    }

    private static ApiException tooMany() {
        return ApiException.of(
                429,
                "too_many_requests",
                "The server has as many requests as it takes on. Ask again later.");
    }

    /** Answers with an error. */
    void fail(Place place, Throwable error) {
        memory.note(error);
        if (place.isGone()) {
            metrics.aborted();
        }
        end(place, asApi(error));
    }

    /** Answers with an error of which the metrics know. */
    public void end(Place place, ApiException error) {
        metrics.response(error.status());
        place.end(error.status());
        place.onLoop(() -> Replies.error(place.response(), error));
    }

    /**
     * Goes on with a request when there is room for its answer, which its place holds to its end.
     *
     * @param bytes about as many as it takes to make and send the answer
     * @param task goes on; it must not take long
     */
    public void whenRoom(Place place, long bytes, Runnable task) {
        long timer = atDeadline(place, () -> fail(place, Refusals.late()));
        answers.take(
                bytes,
                () -> {
                    vertx.cancelTimer(timer);
                    boolean isLeft = !place.isEnded();
                    place.holds(() -> answers.give(bytes));
                    if (isLeft) {
                        try {
                            place.check();
                            task.run();
                        } catch (RuntimeException | Error e) {
                            fail(place, e);
                        }
                    }
                });
    }

    /** Does something if a request has not ended when its time is over. */
    private long atDeadline(Place place, Runnable task) {
        long nanos = place.deadline() - System.nanoTime();
        return vertx.setTimer(
                Math.max(1, TimeUnit.NANOSECONDS.toMillis(nanos)),
                id -> {
                    if (!place.isEnded()) {
                        task.run();
                    }
                });
    }

    /**
     * Answers with a body of JSON. The place ends when that is written: who reads slowly has it
     * until then, and to the request's deadline at most.
     *
     * @param body makes it, in a thread where that may take time
     */
    public void reply(Place place, Callable<String> body) {
        place.settle();
        vertx.executeBlocking(body, false)
                .onSuccess(text -> place.onLoop(() -> write(place, text)))
                .onFailure(error -> fail(place, error));
    }

    private void write(Place place, String text) {
        AnswerWriter answer = place.writer();
        answer.done()
                .onSuccess(
                        written -> {
                            metrics.response(200);
                            place.end(200);
                        })
                .onFailure(
                        gone -> {
                            metrics.aborted();
                            metrics.response(Refusals.GONE);
                            place.end(Refusals.GONE);
                        });
        answer.json(200, text);
    }

    /** Returns how many requests are under way, and how many texts they have besides the first. */
    public int taken() {
        return taken.get();
    }

    /** Ends the threads; what they have not begun is not answered. */
    public void close() {
        lanes.close();
    }

    private static ApiException asApi(Throwable error) {
        if (error instanceof ApiException api) {
            return api;
        }
        LOG.error("A request failed", error);
        return Refusals.internal();
    }
}
