package dev.ligature.models.serving;

import ai.djl.modality.Input;
import ai.djl.ndarray.BytesSupplier;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import dev.ligature.models.internal.ModelMessage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What a client asks for.
 *
 * @param texts one at least
 * @param adapters the adapter of each text; empty for the base
 * @param isList whether the client sent a list, and gets one
 */
record EncoderRequest(List<String> texts, List<String> adapters, boolean isList) {
    private static final String INPUTS = "inputs";
    private static final String ADAPTERS = "adapters";
    private static final String HEADER = "X-Amzn-SageMaker-Adapter-Identifier";
    private static final String PARAMETER = "adapter";
    private static final int MOST_TEXTS = 1024;

    /**
     * Reads a request.
     *
     * @throws dev.ligature.LoraException {@code ServingRequest} if it is none
     */
    static EncoderRequest read(Input input) {
        BytesSupplier data = input.getContent().isEmpty() ? null : input.getData();
        if (data == null) {
            throw wrong("there is no body", "");
        }
        String named = input.getProperty(HEADER, input.getProperty(PARAMETER, ""));
        String type = input.getProperty("Content-Type", "").toLowerCase(Locale.ROOT);
        String body = data.getAsString();
        if (type.startsWith("text/plain")) {
            return new EncoderRequest(List.of(body), List.of(named), false);
        }
        JsonObject fields = object(body);
        for (String field : fields.keySet()) {
            if (!Set.of(INPUTS, ADAPTERS).contains(field)) {
                throw wrong("there is no field of the name", field);
            }
        }
        JsonElement inputs = fields.get(INPUTS);
        List<String> texts = texts(INPUTS, inputs);
        if (texts.isEmpty() || texts.size() > MOST_TEXTS) {
            throw wrong("inputs must have 1 to " + MOST_TEXTS + " texts, not", "" + texts.size());
        }
        List<String> adapters = List.of(named);
        if (fields.has(ADAPTERS)) {
            adapters = texts(ADAPTERS, fields.get(ADAPTERS));
        }
        if (!fields.has(ADAPTERS) || fields.get(ADAPTERS).isJsonPrimitive()) {
            adapters = Collections.nCopies(texts.size(), adapters.get(0));
        } else if (adapters.size() != texts.size()) {
            throw wrong(
                    "adapters must have a name for each of the " + texts.size() + " texts, not",
                    "" + adapters.size());
        }
        return new EncoderRequest(texts, adapters, !inputs.isJsonPrimitive());
    }

    private static JsonObject object(String body) {
        try {
            if (JsonParser.parseString(body) instanceof JsonObject object) {
                return object;
            }
        } catch (JsonParseException | StackOverflowError e) {
            // Told below.
        }
        throw wrong("the body is no JSON object", body.substring(0, Math.min(80, body.length())));
    }

    private static List<String> texts(String field, JsonElement value) {
        if (isText(value)) {
            return List.of(value.getAsString());
        }
        List<String> texts = new ArrayList<>();
        if (value == null || !value.isJsonArray()) {
            throw wrong(field + " must be a text or a list of texts, not", String.valueOf(value));
        }
        for (JsonElement each : value.getAsJsonArray()) {
            if (!isText(each)) {
                throw wrong(field + " must be a text or a list of texts, not of", "" + each);
            }
            texts.add(each.getAsString());
        }
        return texts;
    }

    private static boolean isText(JsonElement value) {
        return value instanceof JsonPrimitive primitive && primitive.isString();
    }

    private static RuntimeException wrong(String what, String value) {
        return ModelMessage.SERVING_REQUEST.error(what, value);
    }
}
