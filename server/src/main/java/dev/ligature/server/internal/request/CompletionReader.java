package dev.ligature.server.internal.request;

import dev.ligature.internal.json.JsonFields;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.request.CompletionRequest.Delivery;
import java.util.OptionalInt;
import java.util.Set;

/** Reads the body of a request for a completion. */
public final class CompletionReader {
    private static final int DEFAULT_TOKENS = 16; // OpenAI's
    private static final int DEPTH = 8;
    private static final int MOST_CHOICES = 128; // the server's own limit is lower
    private static final Set<String> FIELDS =
            Set.of("prompt", "best_of", "echo", "logprobs", "suffix");

    private CompletionReader() {}

    /**
     * Reads a request.
     *
     * @param body the body, in UTF-8
     * @param mostTokens the most new tokens that may be asked for
     * @throws ApiException if it is not such a request
     */
    public static CompletionRequest read(byte[] body, int mostTokens) {
        RequestFields request = RequestFields.read(body, DEPTH, FIELDS);
        JsonFields<ApiException> fields = request.json();
        if (fields.has("suffix") && !"".equals(fields.value("suffix"))) {
            throw RequestFields.unsupported("suffix", "null");
        }
        Delivery delivery = request.delivery();
        return new CompletionRequest(
                request.model(),
                PromptFields.read(request, "prompt", false),
                OptionalInt.of(
                        fields.has("max_tokens")
                                ? (int) fields.whole("max_tokens", 0, mostTokens)
                                : Math.min(DEFAULT_TOKENS, mostTokens)),
                request.drawing(),
                request.stops(),
                choices(request, delivery),
                delivery);
    }

    private static Choices choices(RequestFields request, Delivery delivery) {
        JsonFields<ApiException> fields = request.json();
        int n = request.choices();
        int bestOf = fields.has("best_of") ? (int) fields.whole("best_of", n, MOST_CHOICES) : n;
        if (bestOf > n && delivery != Delivery.WHOLE) {
            throw ApiException.field(
                    "best_of",
                    "best_of is more than n, and the best are known at the end: leave out stream.");
        }
        return new Choices(
                n, bestOf, fields.bool("echo", false), request.likeliest("logprobs", -1));
    }
}
