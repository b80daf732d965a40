package dev.ligature.server;

import dev.ligature.server.CompletionRequest.Delivery;
import io.vertx.core.http.HttpServerResponse;
import java.util.concurrent.Executor;

/**
 * The answer to one completion request: whole, or as server-sent events. What the batch's thread
 * hands over is written by the event loop, in order; a client that reads slowly holds up nobody,
 * and what waits for it is bounded by the most tokens of a request.
 *
 * <p>The place is given back and the response is counted before the last of it is written, so that
 * a client that has its answer finds both done.
 */
final class Exchange implements CompletionSink {
    private final Executor loop;
    private final HttpServerResponse response;
    private final ServerMetrics metrics;
    private final Json.Head head;
    private final Delivery delivery;
    private final Runnable over;
    private final StringBuilder whole = new StringBuilder();
    private boolean begun; // whether the first event was sent; of the batch's thread alone

    /**
     * Creates an answer.
     *
     * @param loop runs on the event loop of the response, in order
     * @param head what stands in all of it
     * @param over runs once there is nothing more to come
     */
    Exchange(
            Executor loop,
            HttpServerResponse response,
            ServerMetrics metrics,
            Json.Head head,
            Delivery delivery,
            Runnable over) {
        this.loop = loop;
        this.response = response;
        this.metrics = metrics;
        this.head = head;
        this.delivery = delivery;
        this.over = over;
    }

    @Override
    public void text(String piece) {
        if (delivery == Delivery.WHOLE) {
            whole.append(piece);
        } else {
            begin();
            event(Json.piece(head, piece, null));
        }
    }

    private void begin() {
        if (!begun && head.kind() == Json.Kind.CHAT) {
            event(Json.begin(head));
        }
        begun = true;
    }

    @Override
    public void end(Finish finish, Usage usage) {
        finish(200);
        if (delivery == Delivery.WHOLE) {
            String body = Json.completion(head, whole.toString(), finish, usage);
            loop.execute(() -> Replies.json(response, 200, body));
        } else {
            begin();
            event(Json.piece(head, "", finish));
            if (delivery == Delivery.EVENTS_AND_USAGE) {
                event(Json.usage(head, usage));
            }
            event("[DONE]");
            loop.execute(this::endEvents);
        }
    }

    @Override
    public void fail(ApiException error) {
        finish(error.status());
        loop.execute(
                () -> {
                    if (response.headWritten()) { // too late for a status
                        write(Json.error(error));
                        endEvents();
                    } else {
                        Replies.error(response, error);
                    }
                });
    }

    private void finish(int status) {
        metrics.response(status);
        over.run();
    }

    private void event(String data) {
        loop.execute(() -> write(data));
    }

    private void write(String data) {
        if (response.closed() || response.ended()) {
            return;
        }
        if (!response.headWritten()) {
            response.setChunked(true)
                    .putHeader("content-type", "text/event-stream; charset=utf-8")
                    .putHeader("cache-control", "no-cache");
        }
        response.write("data: " + data + "\n\n").onFailure(Replies::gone);
    }

    private void endEvents() {
        if (!response.closed() && !response.ended()) {
            response.end().onFailure(Replies::gone);
        }
    }
}
