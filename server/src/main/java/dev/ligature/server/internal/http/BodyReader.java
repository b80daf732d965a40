package dev.ligature.server.internal.http;

import dev.ligature.server.internal.answer.ApiException;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the body of a request up to a limit. Of a body that is larger the rest is dropped, because
 * a client that is cut off while it sends does not hear why; one that goes on for very long is cut
 * off all the same.
 */
public final class BodyReader {
    private static final int PATIENCE = 16; // times the limit
    private static final int CLOSE_MILLIS = 1000; // for a client to read an early answer

    private final Vertx vertx;

    private final HttpServerRequest request;
    private final int limit;
    private final Consumer<byte[]> whole;
    private final Consumer<ApiException> refused;
    private final BodyBudget budget;
    private Buffer body = Buffer.buffer();
    private long dropped;
    private boolean over; // whether an error was answered, or the client is gone

    private BodyReader(
            Vertx vertx,
            HttpServerRequest request,
            int limit,
            BodyBudget budget,
            Consumer<byte[]> whole,
            Consumer<ApiException> refused) {
        this.vertx = vertx;
        this.request = request;
        this.limit = limit;
        this.budget = budget;
        this.whole = whole;
        this.refused = refused;
    }

    /**
     * Reads a body.
     *
     * @param vertx keeps the time
     * @param limit the most bytes
     * @param budget what the bytes are taken from; who is handed the body gives them back
     * @param seconds how long the client may take to send it
     * @param whole takes the body
     * @param refused takes the error of one that is too large
     */
    public static void read(
            Vertx vertx,
            HttpServerRequest request,
            int limit,
            BodyBudget budget,
            int seconds,
            Consumer<byte[]> whole,
            Consumer<ApiException> refused) {
        BodyReader reader = new BodyReader(vertx, request, limit, budget, whole, refused);
        if (announced(request) > limit && expectsContinue(request)) {
            refused.accept(reader.tooLarge()); // and nothing is sent
            return;
        }
        long timer =
                vertx.setTimer(
                        TimeUnit.SECONDS.toMillis(seconds), id -> reader.fail(late(seconds)));
        request.handler(reader::add)
                .endHandler(
                        v -> {
                            vertx.cancelTimer(timer);
                            reader.end();
                        });
        request.exceptionHandler(
                reason -> {
                    vertx.cancelTimer(timer);
                    reader.release();
                    Replies.gone(reason);
                });
        if (expectsContinue(request)) {
            request.response().writeContinue();
        }
    }

    /**
     * Checks the type of a body. Also keeps a web page that a browser shows from asking: it may not
     * send this type.
     *
     * @throws ApiException if it is not that of JSON
     */
    public static void requireJson(HttpServerRequest request) {
        if (!isJson(request.getHeader(HttpHeaders.CONTENT_TYPE))) {
            throw ApiException.of(
                    415, "not_json", "Send the request with content-type: application/json.");
        }
    }

    private static boolean isJson(@Nullable String type) {
        return type != null
                && type.toLowerCase(Locale.ROOT)
                        .replaceFirst(";.*", "")
                        .strip()
                        .equals("application/json");
    }

    private static boolean expectsContinue(HttpServerRequest request) {
        return "100-continue".equalsIgnoreCase(request.getHeader(HttpHeaders.EXPECT));
    }

    private static long announced(HttpServerRequest request) {
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return length == null ? 0 : Long.parseLong(length); // the HTTP library has checked it
    }

    private void add(Buffer piece) {
        boolean fits = dropped == 0 && body.length() + piece.length() <= limit;
        if (!over && fits) {
            if (budget.take(piece.length())) {
                body.appendBuffer(piece);
            } else {
                fail(busy());
            }
            return;
        }
        dropped += piece.length();
        if (dropped > (long) PATIENCE * limit) {
            request.connection().close();
        }
    }

    private void end() {
        if (over) {
            return;
        }
        if (dropped > 0) {
            release();
            refused.accept(tooLarge());
        } else {
            over = true;
            byte[] bytes = body.getBytes();
            body = Buffer.buffer();
            whole.accept(bytes);
        }
    }

    /** Gives the memory back; what still comes of the body is dropped. */
    private void release() {
        if (!over) {
            over = true;
            int bytes = body.length();
            body = Buffer.buffer(); // or the connection would keep it as long as it is open
            budget.give(bytes);
        }
    }

    /** Answers with an error before the body is there; the connection ends with the answer. */
    private void fail(ApiException error) {
        if (!over) {
            release();
            request.response().putHeader("connection", "close");
            refused.accept(error);
            // What still comes of the body would keep the connection open for as long as it comes.
            vertx.setTimer(CLOSE_MILLIS, id -> request.connection().close());
        }
    }

    private static ApiException busy() {
        return ApiException.of(
                503,
                "too_many_bodies",
                "The server receives as many requests as its memory allows. Ask again later.");
    }

    private static ApiException late(int seconds) {
        return ApiException.of(
                408,
                "body_too_slow",
                "The body was not there after " + seconds + " seconds. Send it faster.");
    }

    private ApiException tooLarge() {
        return ApiException.of(
                413,
                "body_too_large",
                "The body has more than " + limit + " bytes. Send less at a time.");
    }
}
