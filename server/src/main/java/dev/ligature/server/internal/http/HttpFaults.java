package dev.ligature.server.internal.http;

import dev.ligature.server.internal.answer.ApiException;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.http.HttpServerRequest;

/** Answers what is not a request that HTTP allows, and ends its connection. */
public final class HttpFaults {
    private HttpFaults() {}

    public static void answer(Call call) {
        HttpServerRequest request = call.request();
        Throwable cause = request.decoderResult().cause();
        request.response().putHeader("connection", "close");
        call.refuse(error(cause));
        request.connection().close();
    }

    private static ApiException error(Throwable cause) {
        if (cause instanceof TooLongHttpLineException) {
            return ApiException.of(414, "path_too_long", "The path is too long. Shorten it.");
        }
        if (cause instanceof TooLongHttpHeaderException) {
            return ApiException.of(
                    431, "headers_too_large", "The headers are too large. Send fewer or shorter.");
        }
        return ApiException.of(400, "invalid_http", "This is no HTTP/1.1 request. Correct it.");
    }
}
