package dev.ligature.server.internal.http;

import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Json;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes an answer as fast as its client reads it; on the event loop of its response alone. What
 * the client has not taken yet waits here and not in the HTTP library, which would keep it until
 * the connection is closed: so it can be dropped.
 */
public final class AnswerWriter {
    private static final Logger LOG = LoggerFactory.getLogger(AnswerWriter.class);
    private static final int PIECE = 1 << 14; // bytes
    private static final int OVERHEAD = 128; // bytes that an event takes besides its own

    private final HttpServerResponse response;
    private final AnswerRoom room;
    private final Runnable hangUp;
    private final Consumer<AnswerWriter> unread;
    private final Queue<Piece> waiting = new ArrayDeque<>();
    private final Promise<Void> done = Promise.promise();
    private boolean ending; // whether nothing more comes
    private boolean over; // whether nothing more is written

    /**
     * A part of an answer.
     *
     * @param taken what it has of the room
     */
    private record Piece(Buffer bytes, long taken) {}

    /**
     * Creates the writer of one answer.
     *
     * @param room has a place for events that wait; a body of one piece has its own already
     * @param hangUp closes the connection, on which half an answer must not be followed by another
     * @param unread takes this when all of the answer is here, and its client has not all of it
     */
    public AnswerWriter(
            HttpServerResponse response,
            AnswerRoom room,
            Runnable hangUp,
            Consumer<AnswerWriter> unread) {
        this.response = response;
        this.room = room;
        this.hangUp = hangUp;
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
            waiting.add(new Piece(bytes.slice(at, Math.min(bytes.length(), at + PIECE)), 0));
        }
        end();
    }

    /**
     * Sends an event, after the head where it is the first one. Where the client does not read, and
     * there is no room for what waits for it, it gets nothing more.
     */
    public void event(String data) {
        if (isOver()) {
            return;
        }
        if (!response.headWritten()) {
            Replies.begin(response, "text/event-stream; charset=utf-8")
                    .setChunked(true)
                    .putHeader("cache-control", "no-cache");
        }
        Buffer bytes = Buffer.buffer("data: " + data + "\n\n");
        boolean waits = !waiting.isEmpty() || response.writeQueueFull();
        long taken = waits ? bytes.length() + OVERHEAD : 0;
        if (waits && !room.offer(taken)) {
            LOG.warn("A stream is cut off: nobody reads it, and the memory for answers is taken");
            drop("there is no room for what the client has not read");
            return;
        }
        waiting.add(new Piece(bytes, taken));
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
            Piece piece = waiting.remove();
            Buffer bytes = piece.bytes().copy(); // or the connection would hold all of the body
            giveBack(piece);
            if (ending && waiting.isEmpty()) {
                finish(response.end(bytes));
                return;
            }
            response.write(bytes).onFailure(this::fail);
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
        waiting.forEach(this::giveBack);
        waiting.clear();
        done.tryFail(reason);
    }

    private void giveBack(Piece piece) {
        if (piece.taken() > 0) {
            room.give(piece.taken());
        }
    }

    /**
     * Drops what the client has not read, and closes its connection: at once if it reads the little
     * that the connection has by now, and else when it has been idle for long.
     */
    public void cutOff() {
        if (!done.future().isComplete()) {
            drop("the client has not read its answer in time");
        }
    }

    private void drop(String reason) {
        fail(new IllegalStateException(reason));
        hangUp.run();
    }
}
