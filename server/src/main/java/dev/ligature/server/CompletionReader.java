package dev.ligature.server;

import dev.ligature.internal.json.JsonErrors;
import dev.ligature.internal.json.JsonField;
import dev.ligature.internal.json.JsonFields;
import dev.ligature.internal.json.JsonLimits;
import dev.ligature.server.CompletionRequest.Delivery;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the body of a completion request. A field that would have no effect is refused unless its
 * value asks for nothing; null asks for the default.
 */
final class CompletionReader {
    private static final int DEFAULT_TOKENS = 16; // OpenAI's
    private static final int MOST_STOPS = 4; // OpenAI's
    private static final int LONGEST_STOP = 256;
    private static final JsonLimits LIMITS = new JsonLimits(8, Integer.MAX_VALUE);

    private static final Set<String> FIELDS =
            Set.of(
                    "model",
                    "prompt",
                    "max_tokens",
                    "temperature",
                    "seed",
                    "stop",
                    "stream",
                    "stream_options",
                    "user",
                    "n",
                    "best_of",
                    "top_p",
                    "presence_penalty",
                    "frequency_penalty",
                    "echo",
                    "logprobs",
                    "suffix",
                    "logit_bias");

    private final JsonFields<ApiException> fields;

    private CompletionReader(JsonFields<ApiException> fields) {
        this.fields = fields;
    }

    /**
     * Reads a request.
     *
     * @param body the body, in UTF-8
     * @param mostTokens the most new tokens that may be asked for
     * @throws ApiException if it is not such a request
     */
    static CompletionRequest read(byte[] body, int mostTokens) {
        StringReader text = new StringReader(text(body));
        return new CompletionReader(JsonFields.parse(text, LIMITS, new Errors()))
                .request(mostTokens);
    }

    private static String text(byte[] body) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
        } catch (CharacterCodingException e) {
            throw new Errors().malformed("it is not a text in UTF-8", e);
        }
    }

    /** The errors of a body, as the API's clients expect them. */
    private static final class Errors implements JsonErrors<ApiException> {
        @Override
        public ApiException malformed(String what, @Nullable Throwable cause) {
            return ApiException.of(
                    400,
                    "invalid_json",
                    "The body is not one JSON object: " + what + ". Send one, in UTF-8.");
        }

        @Override
        public ApiException duplicate(JsonField field) {
            return ApiException.field(
                    field.toString(), shown(field.toString()) + " is there twice. Send it once.");
        }

        @Override
        public ApiException wrong(JsonField field, @Nullable Object value, String expected) {
            return ApiException.field(field.toString(), field + " must be " + expected + ".");
        }

        @Override
        public ApiException beyond(JsonField field, String what) {
            String top = field.toString().split("\\.", 2)[0];
            return FIELDS.contains(top)
                    ? ApiException.field(top, top + " " + what + ". Correct it.")
                    : unknown(top);
        }
    }

    private CompletionRequest request(int mostTokens) {
        for (String name : fields.names()) {
            if (!FIELDS.contains(name)) {
                throw unknown(name);
            }
        }
        refuseUnsupported();
        if (fields.names().contains("user")) {
            fields.string("user"); // names the end user; nothing depends on it
        }
        require("model", "the name of an adapter, or that of the base model");
        List<Long> promptIds = promptIds();
        return new CompletionRequest(
                fields.string("model"),
                promptIds.isEmpty() ? prompt() : "",
                promptIds,
                fields.has("max_tokens")
                        ? (int) fields.whole("max_tokens", 0, mostTokens)
                        : Math.min(DEFAULT_TOKENS, mostTokens),
                temperature(),
                fields.has("seed")
                        ? fields.whole("seed", Long.MIN_VALUE, Long.MAX_VALUE)
                        : System.nanoTime(),
                stops(),
                delivery());
    }

    private void require(String name, String what) {
        if (!fields.names().contains(name)) {
            throw ApiException.field(name, name + " is missing. Give " + what + ".");
        }
    }

    private static ApiException unknown(String name) {
        return ApiException.field(
                400,
                "unknown_field",
                name,
                "There is no field " + shown(name) + " in a completion request. Leave it out.");
    }

    private void refuseUnsupported() {
        for (String name : List.of("n", "best_of", "top_p")) {
            only(name, 1);
        }
        for (String name : List.of("presence_penalty", "frequency_penalty")) {
            only(name, 0);
        }
        if (fields.bool("echo", false)) {
            throw unsupported("echo", "false");
        }
        for (String name : List.of("logprobs", "suffix", "logit_bias")) {
            if (fields.has(name)) {
                throw unsupported(name, "null");
            }
        }
    }

    private void only(String name, int value) {
        if (fields.number(name, value) != value) {
            throw unsupported(name, Integer.toString(value));
        }
    }

    private static ApiException unsupported(String name, String only) {
        return ApiException.field(
                400,
                "unsupported_field",
                name,
                name + " is not supported here. Leave it out, or send " + only + ".");
    }

    private String prompt() {
        require("prompt", "a text, or a list of token ids");
        if (!(fields.value("prompt") instanceof String prompt)) {
            throw fields.wrong("prompt", "a text or a list of token ids, at least one");
        }
        return prompt;
    }

    private List<Long> promptIds() {
        if (!(fields.value("prompt") instanceof List<?> ids)) {
            return List.of();
        }
        if (!ids.stream().allMatch(BigDecimal.class::isInstance)) {
            throw ApiException.field(
                    "prompt",
                    "A list as the prompt must be of token ids. Send several texts as several"
                            + " requests: they are computed together anyway.");
        }
        return fields.naturals("prompt");
    }

    private double temperature() {
        double temperature = fields.number("temperature", 1);
        if (!(temperature >= 0 && temperature <= 2)) {
            throw fields.wrong("temperature", "a number from 0 to 2");
        }
        return temperature;
    }

    private List<String> stops() {
        if (!fields.has("stop")) {
            return List.of();
        }
        List<String> stops =
                fields.value("stop") instanceof String stop
                        ? List.of(stop)
                        : fields.strings("stop");
        boolean fits =
                stops.size() <= MOST_STOPS
                        && stops.stream().allMatch(s -> !s.isEmpty() && s.length() <= LONGEST_STOP);
        if (!fits) {
            throw fields.wrong(
                    "stop",
                    "up to " + MOST_STOPS + " texts of 1 to " + LONGEST_STOP + " characters");
        }
        return stops;
    }

    private Delivery delivery() {
        boolean stream = fields.bool("stream", false);
        boolean usage = false;
        if (fields.has("stream_options")) {
            JsonFields<ApiException> options = fields.object("stream_options");
            for (String name : options.names()) {
                if (!name.equals("include_usage")) {
                    throw unknown("stream_options." + name);
                }
                usage = options.bool(name);
            }
        }
        if (usage && !stream) {
            throw ApiException.field(
                    "stream_options", "stream_options is for stream: true. Leave it out.");
        }
        return !stream ? Delivery.WHOLE : usage ? Delivery.EVENTS_AND_USAGE : Delivery.EVENTS;
    }

    private static String shown(String name) {
        return name.length() <= 64 ? name : name.substring(0, 64) + "…";
    }
}
