package dev.ligature.server.internal.http;

import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.answer.Json;
import dev.ligature.server.internal.page.PageFile;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes answers of one piece; to a client that is gone, none. */
public final class Replies {
    private static final Logger LOG = LoggerFactory.getLogger(Replies.class);

    /** As HTTP writes it; of the JDK's formatter for RFC 1123 the day has one digit or two. */
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT);

    static final String JSON = "application/json; charset=utf-8";

    private Replies() {}

    /** Answers with a body of JSON; returns when that is written, or cannot be. */
    public static Future<Void> json(HttpServerResponse response, int status, String body) {
        return send(response, status, JSON, body + "\n");
    }

    public static void text(HttpServerResponse response, String type, String body) {
        send(response, 200, type, body);
    }

    /** Answers with a file of the page, and with what a browser is to let the page do. */
    public static void page(HttpServerResponse response, PageFile file) {
        response.putHeader("content-security-policy", PageFile.POLICY)
                .putHeader("x-content-type-options", "nosniff")
                .putHeader("referrer-policy", "no-referrer")
                .putHeader("cross-origin-opener-policy", "same-origin")
                .putHeader("cache-control", "no-cache");
        text(response, file.type(), file.text());
    }

    public static void error(HttpServerResponse response, ApiException error) {
        retryAfter(response, error);
        json(response, error.status(), Json.error(error));
    }

    /** Says when it makes sense to ask again. */
    static void retryAfter(HttpServerResponse response, ApiException error) {
        if (error.retryAfter() > 0 && !response.headWritten()) {
            response.putHeader("retry-after", Integer.toString(error.retryAfter()));
        }
    }

    private static Future<Void> send(
            HttpServerResponse response, int status, String type, String body) {
        if (response.closed() || response.ended()) {
            return Future.failedFuture("the client is gone, or has its answer");
        }
        Buffer bytes = Buffer.buffer(body);
        return begin(response, type)
                .setStatusCode(status)
                // Of HEAD as well, whose answer has no body.
                .putHeader("content-length", Integer.toString(bytes.length()))
                .end(bytes)
                .onFailure(Replies::gone);
    }

    /** Sets the headers that all answers have. */
    static HttpServerResponse begin(HttpServerResponse response, String type) {
        return response.putHeader("content-type", type)
                .putHeader("date", DATE.format(Instant.now().atOffset(ZoneOffset.UTC)));
    }

    /** Takes note of a client that went away while it was written to: that is its right. */
    static void gone(Throwable reason) {
        LOG.debug("A client went away", reason);
    }
}
