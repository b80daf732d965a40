package dev.ligature.server;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import dev.ligature.internal.json.JsonFault;
import dev.ligature.server.CompletionRequest.Delivery;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the body of a completion request, token by token. A field that would have no effect is
 * refused unless its value asks for nothing.
 */
final class CompletionReader {
    private static final int DEFAULT_TOKENS = 16; // OpenAI's
    private static final int MOST_STOPS = 4; // OpenAI's
    private static final int LONGEST_STOP = 256;
    private static final int MAX_DEPTH = 8;

    private final JsonReader json;
    private final int mostTokens;
    private final Set<String> seen = new HashSet<>();

    private @Nullable String model;
    private @Nullable String prompt;
    private List<Long> promptIds = List.of();
    private int maxTokens;
    private double temperature = 1;
    private @Nullable Long seed;
    private List<String> stops = List.of();
    private boolean stream;
    private boolean usage;

    private CompletionReader(JsonReader json, int mostTokens) {
        this.json = json;
        this.mostTokens = mostTokens;
        this.maxTokens = Math.min(DEFAULT_TOKENS, mostTokens);
    }

    /**
     * Reads a request.
     *
     * @param body the body, in UTF-8
     * @param mostTokens the most new tokens that may be asked for
     * @throws ApiException if it is no such request
     */
    static CompletionRequest read(byte[] body, int mostTokens) {
        JsonReader json = new JsonReader(new StringReader(text(body)));
        json.setStrictness(Strictness.STRICT);
        json.setNestingLimit(MAX_DEPTH);
        CompletionReader reader = new CompletionReader(json, mostTokens);
        try {
            return reader.request();
        } catch (IOException | NumberFormatException e) {
            throw malformed(JsonFault.of(e));
        }
    }

    private static String text(byte[] body) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
        } catch (CharacterCodingException e) {
            throw malformed("it is no text in UTF-8");
        }
    }

    private static ApiException malformed(String what) {
        return ApiException.of(
                400,
                "invalid_json",
                "The body is not one JSON object: " + what + ". Send one, in UTF-8.");
    }

    private CompletionRequest request() throws IOException {
        if (json.peek() != JsonToken.BEGIN_OBJECT) {
            throw malformed("it begins with something else");
        }
        json.beginObject();
        while (json.hasNext()) {
            String name = json.nextName();
            if (!seen.add(name)) {
                throw ApiException.field(name, name + " is there twice. Send it once.");
            }
            field(name);
        }
        json.endObject();
        if (json.peek() != JsonToken.END_DOCUMENT) {
            throw malformed("something follows it");
        }
        if (model == null) {
            throw missing("model", "the name of an adapter, or that of the base model");
        }
        if (prompt == null && promptIds.isEmpty()) {
            throw missing("prompt", "a text, or a list of token ids");
        }
        if (usage && !stream) {
            throw ApiException.field(
                    "stream_options", "stream_options is for stream: true. Leave it out.");
        }
        Delivery delivery =
                !stream ? Delivery.WHOLE : usage ? Delivery.EVENTS_AND_USAGE : Delivery.EVENTS;
        return new CompletionRequest(
                model,
                prompt == null ? "" : prompt,
                promptIds,
                maxTokens,
                temperature,
                seed == null ? System.nanoTime() : seed,
                stops,
                delivery);
    }

    private static ApiException missing(String name, String what) {
        return ApiException.field(name, name + " is missing. Give " + what + ".");
    }

    private void field(String name) throws IOException {
        switch (name) {
            case "model" -> model = string(name);
            case "prompt" -> prompt();
            case "stop" -> stops = stops();
            case "stream_options" -> streamOptions();
            case "user" -> string(name); // names the end user; nothing depends on it
            default -> {
                if (json.peek() == JsonToken.NULL) {
                    json.nextNull(); // asks for the default
                    known(name);
                } else {
                    option(name);
                }
            }
        }
    }

    private void option(String name) throws IOException {
        switch (name) {
            case "max_tokens" -> maxTokens = (int) integer(name, 0, mostTokens);
            case "temperature" -> temperature = number(name, 0, 2);
            case "seed" -> seed = integer(name, Long.MIN_VALUE, Long.MAX_VALUE);
            case "stream" -> stream = bool(name);
            case "n", "best_of", "top_p" -> only(name, 1);
            case "presence_penalty", "frequency_penalty" -> only(name, 0);
            case "echo" -> {
                if (bool(name)) {
                    throw unsupported(name, "false");
                }
            }
            case "logprobs", "suffix", "logit_bias" -> throw unsupported(name, "null");
            default -> throw unknown(name);
        }
    }

    private static void known(String name) {
        if (!Set.of(
                        "max_tokens",
                        "temperature",
                        "seed",
                        "stream",
                        "n",
                        "best_of",
                        "top_p",
                        "presence_penalty",
                        "frequency_penalty",
                        "echo",
                        "logprobs",
                        "suffix",
                        "logit_bias")
                .contains(name)) {
            throw unknown(name);
        }
    }

    private static ApiException unknown(String name) {
        return ApiException.field(
                400,
                "unknown_field",
                name,
                "There is no field " + shown(name) + " in a completion request. Leave it out.");
    }

    private static ApiException unsupported(String name, String only) {
        return ApiException.field(
                400,
                "unsupported_field",
                name,
                name + " is not supported here. Leave it out, or send " + only + ".");
    }

    private void only(String name, int value) throws IOException {
        if (number(name, -1e9, 1e9) != value) {
            throw unsupported(name, Integer.toString(value));
        }
    }

    private void prompt() throws IOException {
        if (json.peek() == JsonToken.STRING) {
            prompt = json.nextString();
            return;
        }
        if (json.peek() != JsonToken.BEGIN_ARRAY) {
            throw ApiException.field("prompt", "prompt must be a text or a list of token ids.");
        }
        List<Long> ids = new ArrayList<>();
        json.beginArray();
        while (json.hasNext()) {
            if (json.peek() != JsonToken.NUMBER) {
                throw ApiException.field(
                        "prompt",
                        "A list as the prompt must be of token ids. Send several texts as several"
                                + " requests: they are computed together all the same.");
            }
            ids.add(integer("prompt", 0, Integer.MAX_VALUE));
        }
        json.endArray();
        promptIds = ids;
    }

    private List<String> stops() throws IOException {
        if (json.peek() == JsonToken.NULL) {
            json.nextNull();
            return List.of();
        }
        List<String> list = new ArrayList<>();
        if (json.peek() == JsonToken.BEGIN_ARRAY) {
            json.beginArray();
            while (json.hasNext()) {
                list.add(string("stop"));
            }
            json.endArray();
        } else {
            list.add(string("stop"));
        }
        boolean fits =
                list.size() <= MOST_STOPS
                        && list.stream().allMatch(s -> !s.isEmpty() && s.length() <= LONGEST_STOP);
        if (!fits) {
            throw ApiException.field(
                    "stop",
                    "stop must be up to "
                            + MOST_STOPS
                            + " texts of 1 to "
                            + LONGEST_STOP
                            + " characters.");
        }
        return list;
    }

    private void streamOptions() throws IOException {
        if (json.peek() == JsonToken.NULL) {
            json.nextNull();
            return;
        }
        if (json.peek() != JsonToken.BEGIN_OBJECT) {
            throw ApiException.field("stream_options", "stream_options must be an object.");
        }
        json.beginObject();
        while (json.hasNext()) {
            String name = json.nextName();
            if (!name.equals("include_usage")) {
                throw unknown("stream_options." + name);
            }
            usage = bool("stream_options.include_usage");
        }
        json.endObject();
    }

    private String string(String name) throws IOException {
        if (json.peek() != JsonToken.STRING) {
            throw ApiException.field(name, name + " must be a text.");
        }
        return json.nextString();
    }

    private boolean bool(String name) throws IOException {
        if (json.peek() != JsonToken.BOOLEAN) {
            throw ApiException.field(name, name + " must be true or false.");
        }
        return json.nextBoolean();
    }

    private double number(String name, double least, double most) throws IOException {
        String wanted = name + " must be a number from " + least + " to " + most + ".";
        if (json.peek() != JsonToken.NUMBER) {
            throw ApiException.field(name, wanted);
        }
        double value = Double.parseDouble(json.nextString());
        if (!(value >= least && value <= most)) {
            throw ApiException.field(name, wanted);
        }
        return value;
    }

    private long integer(String name, long least, long most) throws IOException {
        String wanted = name + " must be a whole number from " + least + " to " + most + ".";
        if (json.peek() != JsonToken.NUMBER) {
            throw ApiException.field(name, wanted);
        }
        String digits = json.nextString();
        try {
            // Not of any length: 1e999999999 is short to write and long to expand.
            long value =
                    digits.length() > 20 || digits.matches(".*[eE].*")
                            ? Long.parseLong(digits)
                            : new BigDecimal(digits).longValueExact();
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException | ArithmeticException e) {
            // falls through to the same error
        }
        throw ApiException.field(name, wanted);
    }

    private static String shown(String name) {
        return name.length() <= 64 ? name : name.substring(0, 64) + "…";
    }
}
