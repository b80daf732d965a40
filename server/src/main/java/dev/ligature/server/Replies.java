package dev.ligature.server;

import dev.ligature.server.page.PageFile;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes answers of one piece; to a client that is gone, none. */
final class Replies {
    private static final Logger LOG = LoggerFactory.getLogger(Replies.class);

    /** As HTTP writes it; of the JDK's formatter for RFC 1123 the day has one digit or two. */
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT);

    private Replies() {}

    static void json(HttpServerResponse response, int status, String body) {
        send(response, status, "application/json; charset=utf-8", body + "\n");
    }

    static void text(HttpServerResponse response, String type, String body) {
        send(response, 200, type, body);
    }

    /** Answers with a file of the page, and with what a browser is to let the page do. */
    static void page(HttpServerResponse response, PageFile file) {
        response.putHeader("content-security-policy", PageFile.POLICY)
                .putHeader("x-content-type-options", "nosniff")
                .putHeader("referrer-policy", "no-referrer")
                .putHeader("cross-origin-opener-policy", "same-origin")
                .putHeader("cache-control", "no-cache");
        text(response, file.type(), file.text());
    }

    static void error(HttpServerResponse response, ApiException error) {
        if (error.retryAfter() > 0 && !response.headWritten()) {
            response.putHeader("retry-after", Integer.toString(error.retryAfter()));
        }
        json(response, error.status(), Json.error(error));
    }

    /** Answers that there is nothing at a path. */
    static void notFound(HttpServerRequest request) {
        error(
                request.response(),
                ApiException.of(
                        404,
                        "not_found",
                        "There is nothing here. GET /v1/models, /health, /version or /metrics, or"
                                + " POST to a path that the documentation lists, such as"
                                + " /v1/completions."));
    }

    /** Returns whether a method is allowed, or answers that it is not. */
    static boolean allowed(HttpServerRequest request, boolean isAllowed, String method) {
        if (!isAllowed) {
            request.response().putHeader("allow", method);
            error(
                    request.response(),
                    ApiException.of(
                            405, "method_not_allowed", "Use " + method + " for this path."));
        }
        return isAllowed;
    }

    private static void send(HttpServerResponse response, int status, String type, String body) {
        if (response.closed() || response.ended()) {
            return;
        }
        Buffer bytes = Buffer.buffer(body);
        begin(response, type)
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
