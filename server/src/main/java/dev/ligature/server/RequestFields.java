package dev.ligature.server;

import dev.ligature.internal.json.JsonErrors;
import dev.ligature.internal.json.JsonField;
import dev.ligature.internal.json.JsonFields;
import dev.ligature.internal.json.JsonLimits;
import dev.ligature.server.CompletionRequest.Delivery;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a request's body, and what requests of all kinds have in common. A field that would
 * have no effect is refused unless its value asks for nothing; null asks for the default.
 */
final class RequestFields {
    private static final int MOST_STOPS = 4; // OpenAI's
    private static final int LONGEST_STOP = 256;

    /** The fields that requests of all kinds have. */
    private static final Set<String> COMMON =
            Set.of(
                    "model",
                    "max_tokens",
                    "temperature",
                    "seed",
                    "stop",
                    "stream",
                    "stream_options",
                    "user",
                    "n",
                    "top_p",
                    "presence_penalty",
                    "frequency_penalty",
                    "logit_bias");

    private final JsonFields<ApiException> fields;
    private final Errors errors;

    private RequestFields(JsonFields<ApiException> fields, Errors errors) {
        this.fields = fields;
        this.errors = errors;
    }

    /**
     * Reads a body.
     *
     * @param body the body, in UTF-8
     * @param depth the most objects and lists in each other
     * @param own the fields that this kind of request has besides the common ones
     * @throws ApiException if it is not one JSON object of such fields
     */
    static RequestFields read(byte[] body, int depth, Set<String> own) {
        Errors errors = new Errors(own);
        JsonFields<ApiException> fields =
                JsonFields.parse(
                        new StringReader(errors.text(body)),
                        new JsonLimits(depth, Integer.MAX_VALUE),
                        errors);
        for (String name : fields.names()) {
            if (!errors.knows(name)) {
                throw errors.unknown(name);
            }
        }
        RequestFields request = new RequestFields(fields, errors);
        request.refuseUnsupported();
        return request;
    }

    private void refuseUnsupported() {
        only("n", 1);
        only("top_p", 1);
        only("presence_penalty", 0);
        only("frequency_penalty", 0);
        if (fields.has("logit_bias")
                && !(fields.value("logit_bias") instanceof Map<?, ?> map && map.isEmpty())) {
            throw unsupported("logit_bias", "null");
        }
        if (fields.has("user")) {
            fields.string("user"); // names the end user; nothing depends on it
        }
    }

    /** Returns the fields. */
    JsonFields<ApiException> json() {
        return fields;
    }

    /** Returns the name of an adapter, or that of the base. */
    String model() {
        require("model", "the name of an adapter, or that of the base model");
        return fields.string("model");
    }

    void require(String name, String what) {
        if (!fields.names().contains(name)) {
            throw ApiException.field(name, name + " is missing. Give " + what + ".");
        }
    }

    /** Refuses a number that is not the one that has no effect. */
    void only(String name, int value) {
        if (fields.number(name, value) != value) {
            throw unsupported(name, Integer.toString(value));
        }
    }

    static ApiException unsupported(String name, String only) {
        return ApiException.field(
                400,
                "unsupported_field",
                name,
                name + " is not supported here. Leave it out, or send " + only + ".");
    }

    /** Returns the seed of the draws. */
    long seed() {
        return fields.has("seed")
                ? fields.whole("seed", Long.MIN_VALUE, Long.MAX_VALUE)
                : System.nanoTime();
    }

    double temperature() {
        double temperature = fields.number("temperature", 1);
        if (!(temperature >= 0 && temperature <= 2)) {
            throw fields.wrong("temperature", "a number from 0 to 2");
        }
        return temperature;
    }

    List<String> stops() {
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

    Delivery delivery() {
        boolean stream = fields.bool("stream", false);
        boolean usage = false;
        if (fields.has("stream_options")) {
            JsonFields<ApiException> options = fields.object("stream_options");
            for (String name : options.names()) {
                if (!name.equals("include_usage")) {
                    throw errors.unknown("stream_options." + name);
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

    /** The errors of a body, as the API's clients expect them. */
    private record Errors(Set<String> own) implements JsonErrors<ApiException> {
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
            return knows(top)
                    ? ApiException.field(top, top + " " + what + ". Correct it.")
                    : unknown(top);
        }

        boolean knows(String name) {
            return COMMON.contains(name) || own.contains(name);
        }

        String text(byte[] body) {
            try {
                return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
            } catch (CharacterCodingException e) {
                throw malformed("it is not a text in UTF-8", e);
            }
        }

        ApiException unknown(String name) {
            return ApiException.field(
                    400,
                    "unknown_field",
                    name,
                    "There is no field " + shown(name) + " in such a request. Leave it out.");
        }

        private static String shown(String name) {
            return name.length() <= 64 ? name : name.substring(0, 64) + "…";
        }
    }
}
