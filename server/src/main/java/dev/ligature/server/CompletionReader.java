package dev.ligature.server;

import dev.ligature.internal.json.JsonFields;
import java.math.BigDecimal;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Reads the body of a request for a completion. */
final class CompletionReader {
    private static final int DEFAULT_TOKENS = 16; // OpenAI's
    private static final int DEPTH = 8;
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
    static CompletionRequest read(byte[] body, int mostTokens) {
        RequestFields request = RequestFields.read(body, DEPTH, FIELDS);
        JsonFields<ApiException> fields = request.json();
        refuseUnsupported(request);
        return new CompletionRequest(
                request.model(),
                prompt(request),
                OptionalInt.of(
                        fields.has("max_tokens")
                                ? (int) fields.whole("max_tokens", 0, mostTokens)
                                : Math.min(DEFAULT_TOKENS, mostTokens)),
                request.drawing(),
                request.stops(),
                request.delivery());
    }

    private static void refuseUnsupported(RequestFields request) {
        JsonFields<ApiException> fields = request.json();
        request.only("best_of", 1);
        if (fields.bool("echo", false)) {
            throw RequestFields.unsupported("echo", "false");
        }
        if (fields.has("logprobs")) {
            throw RequestFields.unsupported("logprobs", "null");
        }
        if (fields.has("suffix") && !"".equals(fields.value("suffix"))) {
            throw RequestFields.unsupported("suffix", "null");
        }
    }

    /** A list of one text is that text: so some clients send every prompt. */
    private static Prompt prompt(RequestFields request) {
        request.require("prompt", "a text, or a list of token ids");
        JsonFields<ApiException> fields = request.json();
        Object value = fields.value("prompt");
        if (value instanceof String text) {
            return new Prompt.Text(text);
        }
        if (!(value instanceof List<?> list) || list.isEmpty()) {
            throw fields.wrong("prompt", "a text or a list of token ids, at least one");
        }
        if (list.size() == 1 && list.get(0) instanceof String text) {
            return new Prompt.Text(text);
        }
        if (!list.stream().allMatch(BigDecimal.class::isInstance)) {
            throw ApiException.field(
                    "prompt",
                    "A list as the prompt must be of one text or of token ids. Send several texts"
                            + " as several requests: they are computed together anyway.");
        }
        return new Prompt.Ids(fields.naturals("prompt"));
    }
}
