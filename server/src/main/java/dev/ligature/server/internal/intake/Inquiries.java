package dev.ligature.server.internal.intake;

import dev.ligature.server.internal.admission.ServedModels;
import dev.ligature.server.internal.admission.WorkerLane;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.http.AnswerRoom;
import dev.ligature.server.internal.http.AnswerWriter;
import dev.ligature.server.internal.http.Call;
import dev.ligature.server.internal.http.Replies;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;

/**
 * The threads that find out which models there are and what state they are in. That may take as
 * long as it does where the adapters are kept, so nothing else waits for these threads.
 */
public final class Inquiries implements AutoCloseable {
    private static final int THREADS = 4;
    private static final int MOST_WAITING = 256;
    private static final long MOST_MILLIS = 5000; // for an answer that a page waits for
    private static final long READ_MILLIS = 30_000; // for a client to read it
    private static final long BYTES_OF_CHARACTER = 3; // of text, with the bytes that are sent

    private final Vertx vertx;
    private final ServedModels models;
    private final AnswerRoom answers;
    private final ThreadPoolExecutor threads = WorkerLane.of("inquiries", THREADS, MOST_WAITING);

    /**
     * Creates the threads, which are there while there is work for them.
     *
     * @param answers the memory for them
     */
    public Inquiries(Vertx vertx, ServedModels models, AnswerRoom answers) {
        this.vertx = vertx;
        this.answers = answers;
        this.models = models;
    }

    /** Answers a call with the JSON that is found out, or soon with an error if it is not. */
    public void answer(Call call, Callable<String> task) {
        Promise<String> found = begin(task);
        long timer = vertx.setTimer(MOST_MILLIS, id -> found.tryFail(late()));
        found.future()
                .onComplete(done -> vertx.cancelTimer(timer))
                .onSuccess(text -> send(call.request(), text))
                .onFailure(
                        error ->
                                Replies.error(
                                        call.request().response(),
                                        error instanceof ApiException api
                                                ? api
                                                : models.notListed(error)));
    }

    private void send(HttpServerRequest request, String text) {
        if (request.method().equals(HttpMethod.HEAD)) {
            Replies.json(request.response(), 200, text);
            return;
        }
        long bytes = text.length() * BYTES_OF_CHARACTER;
        if (!answers.offer(bytes)) {
            Replies.error(request.response(), full());
            return;
        }
        AnswerWriter writer =
                new AnswerWriter(
                        request.response(),
                        answers,
                        () -> request.connection().close(),
                        this::limit);
        writer.done().onComplete(written -> answers.give(bytes));
        writer.json(200, text);
    }

    private void limit(AnswerWriter answer) {
        long timer = vertx.setTimer(READ_MILLIS, id -> answer.cutOff());
        answer.done().onComplete(written -> vertx.cancelTimer(timer));
    }

    private static ApiException full() {
        return ApiException.of(
                503,
                "too_many_unread",
                "Answers that their clients have not read take all of the memory for answers. Ask"
                        + " again later.");
    }

    private static ApiException late() {
        return ApiException.of(
                503,
                "models_unavailable",
                "Which models there are takes too long to find out. Ask again later.");
    }

    /** Finds something out, for the event loop that this is called on. */
    public Future<String> find(Callable<String> task) {
        return begin(task).future();
    }

    private Promise<String> begin(Callable<String> task) {
        Context loop = vertx.getOrCreateContext();
        Promise<String> promise = Promise.promise();
        try {
            threads.execute(() -> run(task, loop, promise));
        } catch (RejectedExecutionException full) {
            promise.fail(
                    ApiException.of(
                            503,
                            "too_many_requests",
                            "As many requests as may be wait for the state of the models. Ask"
                                    + " again later."));
        }
        return promise;
    }

    private static void run(Callable<String> task, Context loop, Promise<String> promise) {
        try {
            String text = task.call();
            loop.runOnContext(v -> promise.tryComplete(text));
        } catch (Exception | Error e) {
            loop.runOnContext(v -> promise.tryFail(e));
        }
    }

    /** Ends the threads; what they have not found out is not answered. */
    @Override
    public void close() {
        threads.shutdownNow();
    }
}
