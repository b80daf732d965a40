package dev.ligature.server.internal.request;

import dev.ligature.internal.json.JsonErrors;
import dev.ligature.internal.json.JsonField;
import dev.ligature.internal.json.JsonFields;
import dev.ligature.internal.json.JsonLimits;
import dev.ligature.models.generation.Sampling;
import dev.ligature.server.internal.answer.ApiException;
import dev.ligature.server.internal.request.CompletionRequest.Delivery;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a request's body, and what requests of all kinds have in common. A field that would
 * have no effect is refused unless its value asks for nothing; null asks for the default.
 */
public final class RequestFields {
    private static final int MOST_STOPS = 4; // OpenAI's
    private static final int LONGEST_STOP = 256;
    private static final int NESTED = 32; // objects and lists in a text
    private static final int MOST_CHOICES = 128; // the server's own limit is lower
    private static final int MOST_LIKELIEST = 20; // OpenAI's, of conversations
    private static final double LARGEST_BIAS = 100; // OpenAI's
    private static final Pattern TOKEN_ID = Pattern.compile("0|[1-9]\\d{0,8}");

    /** The fields that requests for completions of all kinds have. */
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
                    "repetition_penalty",
                    "top_k",
                    "min_p",
                    "min_tokens",
                    "logit_bias",
                    "stop_token_ids",
                    "ignore_eos");

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
        Set<String> known = new HashSet<>(COMMON);
        known.addAll(own);
        return only(body, depth, known);
    }

    /**
     * Reads the body of a request that is not for a completion.
     *
     * @param body the body, in UTF-8
     * @param depth the most objects and lists in each other
     * @param known all fields that there are
     * @throws ApiException if it is not one JSON object of such fields
     */
    public static RequestFields only(byte[] body, int depth, Set<String> known) {
        Errors errors = new Errors(known);
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

    /** Returns the members of a text that is a JSON object, empty if it is none. */
    static Optional<Map<String, @Nullable Object>> object(String text) {
        try {
            JsonFields<ApiException> fields =
                    JsonFields.parse(
                            new StringReader(text),
                            new JsonLimits(NESTED, Integer.MAX_VALUE),
                            new Errors(Set.of()));
            Map<String, @Nullable Object> members = new LinkedHashMap<>();
            fields.names().forEach(name -> members.put(name, fields.value(name)));
            return Optional.of(members);
        } catch (ApiException e) {
            return Optional.empty();
        }
    }

    private void refuseUnsupported() {
        if (fields.has("user")) {
            fields.string("user"); // names the end user; nothing depends on it
        }
    }

    /** Returns the fields. */
    public JsonFields<ApiException> json() {
        return fields;
    }

    /** Returns the name of an adapter, or that of the base. */
    String model() {
        require("model", "the name of an adapter, or that of the base model");
        return fields.string("model");
    }

    public void require(String name, String what) {
        if (!fields.names().contains(name)) {
            throw ApiException.field(name, name + " is missing. Give " + what + ".");
        }
    }

    /** Returns how many answers are asked for. */
    int choices() {
        return (int) whole("n", 1, 1, MOST_CHOICES);
    }

    /** Returns how many of the likeliest tokens are asked for. */
    int likeliest(String name, int absent) {
        return (int) whole(name, absent, 0, MOST_LIKELIEST);
    }

    static ApiException unsupported(String name, String only) {
        return ApiException.field(
                400,
                "unsupported_field",
                name,
                name + " is not supported here. Leave it out, or send " + only + ".");
    }

    /** Returns how tokens are chosen. */
    Drawing drawing() {
        Sampling.Builder sampling =
                Sampling.builder()
                        .optTemperature(number("temperature", 1, 0, 2))
                        .optTopP(number("top_p", 1, Double.MIN_VALUE, 1))
                        .optTopK(Math.max(0, (int) whole("top_k", 0, -1, Integer.MAX_VALUE)))
                        .optMinP(number("min_p", 0, 0, 1))
                        .optPresencePenalty(number("presence_penalty", 0, -2, 2))
                        .optFrequencyPenalty(number("frequency_penalty", 0, -2, 2))
                        .optRepetitionPenalty(number("repetition_penalty", 1, 0.01, 100))
                        .optLogitBias(logitBias());
        Set<Integer> stopIds = new HashSet<>();
        if (fields.has("stop_token_ids")) {
            for (long id : fields.naturals("stop_token_ids")) {
                if (id > Integer.MAX_VALUE) {
                    throw ApiException.field(
                            "stop_token_ids",
                            "stop_token_ids has "
                                    + id
                                    + ", which no token has. Send ids of the model's vocabulary.");
                }
                stopIds.add((int) id);
            }
        }
        return new Drawing(
                sampling.build(),
                whole("seed", System.nanoTime(), Long.MIN_VALUE, Long.MAX_VALUE),
                (int) whole("min_tokens", 0, 0, Integer.MAX_VALUE),
                stopIds,
                fields.bool("ignore_eos", false));
    }

    private double number(String name, double absent, double least, double most) {
        double number = fields.number(name, absent);
        if (!(number >= least && number <= most)) {
            throw fields.wrong(
                    name,
                    least == Double.MIN_VALUE
                            ? "a number greater than 0 and at most " + most
                            : "a number from " + least + " to " + most);
        }
        return number;
    }

    private long whole(String name, long absent, long least, long most) {
        return fields.has(name) ? fields.whole(name, least, most) : absent;
    }

    private Map<Integer, Double> logitBias() {
        Map<Integer, Double> bias = new HashMap<>();
        if (fields.has("logit_bias")) {
            JsonFields<ApiException> given = fields.object("logit_bias");
            for (String id : given.names()) {
                if (!TOKEN_ID.matcher(id).matches()
                        || !(given.value(id) instanceof BigDecimal number)
                        || !(Math.abs(number.doubleValue()) <= LARGEST_BIAS)) {
                    throw fields.wrong(
                            "logit_bias", "an object of token ids with numbers from -100 to 100");
                }
                bias.put(Integer.valueOf(id), number.doubleValue());
            }
        }
        return bias;
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
    private record Errors(Set<String> known) implements JsonErrors<ApiException> {
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
            return known.contains(name);
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
