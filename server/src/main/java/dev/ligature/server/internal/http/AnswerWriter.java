package dev.ligature.server.internal.http;

import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Json;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;

/**
 * Writes an answer as fast as its client reads it; on the event loop of its response alone. What
 * the client has not taken yet waits here and not in the HTTP library, which would keep it until
 * the connection is closed: so it can be dropped.
 */
public final class AnswerWriter {
    private static final int PIECE = 1 << 14; // bytes

    private final HttpServerResponse response;
    private final Consumer<AnswerWriter> unread;
    private final Queue<Buffer> waiting = new ArrayDeque<>();
    private final Promise<Void> done = Promise.promise();
    private boolean ending; // whether nothing more comes
    private boolean over; // whether nothing more is written

    /**
     * Creates the writer of one answer.
     *
     * @param unread takes this when all of the answer is here, and its client has not all of it
     */
    public AnswerWriter(HttpServerResponse response, Consumer<AnswerWriter> unread) {
        this.response = response;
        this.unread = unread;
    }

    /** Completes when all is written, and fails when it never will be. */
    public Future<Void> done() {
        return done.future();
    }

    /** Answers with a body of JSON. */
    public void json(int status, String body) {
        if (isOver()) {
            return;
        }
        Buffer bytes = Buffer.buffer(body + "\n");
        Replies.begin(response, Replies.JSON)
                .setStatusCode(status)
                .putHeader("content-length", Integer.toString(bytes.length()));
        for (int at = 0; at < bytes.length(); at += PIECE) {
            waiting.add(bytes.slice(at, Math.min(bytes.length(), at + PIECE)));
        }
        end();
    }

    /** Sends an event, after the head where it is the first one. */
    public void event(String data) {
        if (isOver()) {
            return;
        }
        if (!response.headWritten()) {
            Replies.begin(response, "text/event-stream; charset=utf-8")
                    .setChunked(true)
                    .putHeader("cache-control", "no-cache");
        }
        waiting.add(Buffer.buffer("data: " + data + "\n\n"));
        pump();
    }

    /** Ends the events. */
    public void endEvents() {
        if (!isOver()) {
            end();
        }
    }

    /** Ends the answer with an error; where events were sent, it is one too late for a status. */
    public void error(ApiException error) {
        if (isOver()) {
            return;
        }
        if (response.headWritten()) {
            event(Json.error(error));
            endEvents();
        } else {
            Replies.retryAfter(response, error);
            json(error.status(), Json.error(error));
        }
    }

    private boolean isOver() {
        if (!over && !ending && (response.closed() || response.ended())) {
            fail(new IllegalStateException("the client is gone, or has its answer"));
        }
        return over || ending;
    }

    private void end() {
        ending = true;
        pump();
        if (!done.future().isComplete()) {
            unread.accept(this);
        }
    }

    /** Writes what there is until the client has to read before it goes on. */
    private void pump() {
        while (!over && !waiting.isEmpty() && !response.writeQueueFull()) {
            Buffer piece = waiting.remove().copy(); // or the connection would hold all of the body
            if (ending && waiting.isEmpty()) {
                finish(response.end(piece));
                return;
            }
            response.write(piece).onFailure(this::fail);
        }
        if (!over && !waiting.isEmpty()) {
            response.drainHandler(v -> pump());
        } else if (!over && ending) {
            finish(response.end());
        }
    }

    private void finish(Future<Void> written) {
        over = true;
        written.onSuccess(done::tryComplete).onFailure(this::fail);
    }

    private void fail(Throwable reason) {
        Replies.gone(reason);
        over = true;
        waiting.clear();
        done.tryFail(reason);
    }

    /**
     * Drops what the client has not read, and closes its connection: at once if it reads the little
     * that the connection has by now, and else when it has been idle for long.
     */
    public void cutOff(HttpConnection connection) {
        if (!done.future().isComplete()) {
            fail(new IllegalStateException("the client has not read its answer in time"));
            connection.close();
        }
    }
}
