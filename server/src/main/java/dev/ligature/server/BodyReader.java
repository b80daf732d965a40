package dev.ligature.server;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.util.function.Consumer;

/**
 * Reads the body of a request up to a limit. Of a body that is larger the rest is dropped, because
 * a client that is cut off while it sends does not hear why; one that goes on for very long is cut
 * off all the same.
 */
final class BodyReader {
    private static final int PATIENCE = 16; // times the limit

    private final HttpServerRequest request;
    private final int limit;
    private final Consumer<byte[]> whole;
    private final Consumer<ApiException> refused;
    private final Buffer body = Buffer.buffer();
    private long dropped;

    private BodyReader(
            HttpServerRequest request,
            int limit,
            Consumer<byte[]> whole,
            Consumer<ApiException> refused) {
        this.request = request;
        this.limit = limit;
        this.whole = whole;
        this.refused = refused;
    }

    /**
     * Reads a body.
     *
     * @param limit the most bytes
     * @param whole takes the body
     * @param refused takes the error of one that is too large
     */
    static void read(
            HttpServerRequest request,
            int limit,
            Consumer<byte[]> whole,
            Consumer<ApiException> refused) {
        BodyReader reader = new BodyReader(request, limit, whole, refused);
        if (announced(request) > limit && expectsContinue(request)) {
            refused.accept(reader.tooLarge()); // and nothing is sent
            return;
        }
        request.handler(reader::add).endHandler(v -> reader.end());
        request.exceptionHandler(Replies::gone);
        if (expectsContinue(request)) {
            request.response().writeContinue();
        }
    }

    private static boolean expectsContinue(HttpServerRequest request) {
        return "100-continue".equalsIgnoreCase(request.getHeader(HttpHeaders.EXPECT));
    }

    private static long announced(HttpServerRequest request) {
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return length == null ? 0 : Long.parseLong(length); // the HTTP library has checked it
    }

    private void add(Buffer piece) {
        if (dropped == 0 && body.length() + piece.length() <= limit) {
            body.appendBuffer(piece);
            return;
        }
        dropped += piece.length();
        if (dropped > (long) PATIENCE * limit) {
            request.connection().close();
        }
    }

    private void end() {
        if (dropped > 0) {
            refused.accept(tooLarge());
        } else {
            whole.accept(body.getBytes());
        }
    }

    private ApiException tooLarge() {
        return ApiException.of(
                413,
                "body_too_large",
                "The body has more than " + limit + " bytes. Shorten the prompt.");
    }
}
