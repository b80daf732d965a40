package dev.ligature.server.internal.answer;

import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes the probabilities of tokens, in OpenAI's two shapes. */
final class LogprobsJson {
    private LogprobsJson() {}

    /** Writes those of {@code /v1/completions}. */
    static void ofText(JsonWriter json, List<TokenLogprob> tokens, int offset) throws IOException {
        json.beginObject();
        json.name("tokens").beginArray();
        for (TokenLogprob token : tokens) {
            json.value(token.token());
        }
        json.endArray();
        json.name("token_logprobs").beginArray();
        for (TokenLogprob token : tokens) {
            number(json, token.logprob());
        }
        json.endArray();
        json.name("top_logprobs").beginArray();
        for (TokenLogprob token : tokens) {
            likeliest(json, token);
        }
        json.endArray();
        json.name("text_offset").beginArray();
        int at = offset;
        for (TokenLogprob token : tokens) {
            json.value(at);
            at += token.token().length();
        }
        json.endArray();
        json.endObject();
    }

    /** Writes the likeliest tokens, and the one that was taken if it is not one of them. */
    private static void likeliest(JsonWriter json, TokenLogprob token) throws IOException {
        if (Double.isNaN(token.logprob())) {
            json.nullValue();
            return;
        }
        Map<String, Double> numbers = new LinkedHashMap<>();
        token.likeliest().forEach(other -> numbers.putIfAbsent(other.token(), other.logprob()));
        numbers.putIfAbsent(token.token(), token.logprob());
        json.beginObject();
        for (Map.Entry<String, Double> number : numbers.entrySet()) {
            json.name(number.getKey()).value(number.getValue());
        }
        json.endObject();
    }

    /** Writes those of {@code /v1/chat/completions}. */
    static void ofMessage(JsonWriter json, List<TokenLogprob> tokens) throws IOException {
        json.beginObject();
        json.name("content").beginArray();
        for (TokenLogprob token : tokens) {
            json.beginObject();
            token(json, token);
            json.name("top_logprobs").beginArray();
            for (TokenLogprob other : token.likeliest()) {
                json.beginObject();
                token(json, other);
                json.endObject();
            }
            json.endArray().endObject();
        }
        json.endArray();
        json.name("refusal").nullValue();
        json.endObject();
    }

    private static void token(JsonWriter json, TokenLogprob token) throws IOException {
        json.name("token").value(token.token());
        number(json.name("logprob"), token.logprob());
        json.name("bytes").beginArray();
        for (byte part : token.token().getBytes(StandardCharsets.UTF_8)) {
            json.value(part & 0xFF);
        }
        json.endArray();
    }

    private static void number(JsonWriter json, double number) throws IOException {
        if (Double.isNaN(number)) {
            json.nullValue();
        } else {
            json.value(number);
        }
    }
}
