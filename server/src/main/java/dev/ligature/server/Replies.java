package dev.ligature.server;

import io.vertx.core.http.HttpServerResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes answers of one piece; to a client that is gone, none. */
final class Replies {
    private static final Logger LOG = LoggerFactory.getLogger(Replies.class);

    private Replies() {}

    static void json(HttpServerResponse response, int status, String body) {
        send(response, status, "application/json; charset=utf-8", body + "\n");
    }

    static void text(HttpServerResponse response, String type, String body) {
        send(response, 200, type, body);
    }

    static void error(HttpServerResponse response, ApiException error) {
        if (error.retryAfter() > 0 && !response.headWritten()) {
            response.putHeader("retry-after", Integer.toString(error.retryAfter()));
        }
        json(response, error.status(), Json.error(error));
    }

    private static void send(HttpServerResponse response, int status, String type, String body) {
        if (response.closed() || response.ended()) {
            return;
        }
        response.setStatusCode(status)
                .putHeader("content-type", type)
                .end(body)
                .onFailure(Replies::gone);
    }

    /** Takes note of a client that went away while it was written to: that is its right. */
    static void gone(Throwable reason) {
        LOG.debug("A client went away", reason);
    }
}
