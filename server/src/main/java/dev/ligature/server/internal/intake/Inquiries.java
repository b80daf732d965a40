package dev.ligature.server.internal.intake;

import dev.ligature.server.internal.admission.ServedModels;
import dev.ligature.server.internal.admission.WorkerLane;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.http.Call;
import dev.ligature.server.internal.http.Replies;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
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

    private final Vertx vertx;
    private final ServedModels models;
    private final ThreadPoolExecutor threads = WorkerLane.of("inquiries", THREADS, MOST_WAITING);

    public Inquiries(Vertx vertx, ServedModels models) {
        this.vertx = vertx;
        this.models = models;
    }

    /** Answers a call with the JSON that is found out, or soon with an error if it is not. */
    public void answer(Call call, Callable<String> task) {
        Promise<String> found = begin(task);
        long timer = vertx.setTimer(MOST_MILLIS, id -> found.tryFail(late()));
        found.future()
                .onComplete(done -> vertx.cancelTimer(timer))
                .onSuccess(text -> Replies.json(call.request().response(), 200, text))
                .onFailure(
                        error ->
                                Replies.error(
                                        call.request().response(),
                                        error instanceof ApiException api
                                                ? api
                                                : models.notListed(error)));
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
