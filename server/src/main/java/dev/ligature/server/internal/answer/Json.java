package dev.ligature.server.internal.answer;

import com.google.gson.stream.JsonWriter;
import dev.ligature.models.chat.ToolCall;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/** Writes the bodies of answers, in OpenAI's shapes. */
public final class Json {
    private Json() {}

    /** The shapes of answers. */
    public enum Kind {
        /** Of {@code /v1/completions}. */
        COMPLETION("cmpl-", "text_completion", "text_completion"),
        /** Of {@code /v1/chat/completions}. */
        CHAT("chatcmpl-", "chat.completion", "chat.completion.chunk");

        private final String prefix;
        private final String whole;
        private final String piece;

        Kind(String prefix, String whole, String piece) {
            this.prefix = prefix;
            this.whole = whole;
            this.piece = piece;
        }

        public String newId() {
            return prefix + UUID.randomUUID();
        }
    }

    /** What stands in every answer to one request. */
    public record Head(Kind kind, String id, long created, String model) {}

    /** What is in an object. */
    public interface Content {
        void writeTo(JsonWriter json) throws IOException;
    }

    /** Returns an object. */
    public static String object(Content content) {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.setSerializeNulls(true);
            json.beginObject();
            content.writeTo(json);
            json.endObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e); // a string is written to
        }
        return text.toString();
    }

    /** Returns a whole answer. */
    public static String completion(Head head, List<ChoiceText> choices, Usage usage) {
        return object(
                json -> {
                    head(json, head, head.kind().whole);
                    json.name("choices").beginArray();
                    for (ChoiceText choice : choices) {
                        choice(json, head, "message", choice);
                    }
                    json.endArray();
                    usage(json, usage);
                });
    }

    /** Returns a piece of a choice; the last one says why it ended. */
    public static String piece(Head head, ChoiceText choice) {
        return object(
                json -> {
                    head(json, head, head.kind().piece);
                    json.name("choices").beginArray();
                    choice(json, head, "delta", choice);
                    json.endArray();
                });
    }

    /** Returns the event that begins a message: clients expect the role there, and only there. */
    public static String begin(Head head, int index) {
        return object(
                json -> {
                    head(json, head, head.kind().piece);
                    json.name("choices").beginArray().beginObject();
                    json.name("index").value(index);
                    json.name("delta").beginObject();
                    json.name("role").value("assistant");
                    json.name("content").value("");
                    json.endObject();
                    json.name("logprobs").nullValue();
                    json.name("finish_reason").nullValue();
                    json.endObject().endArray();
                });
    }

    /** Returns the event that has the usage and no text. */
    public static String usage(Head head, Usage usage) {
        return object(
                json -> {
                    head(json, head, head.kind().piece);
                    json.name("choices").beginArray().endArray();
                    usage(json, usage);
                });
    }

    private static void head(JsonWriter json, Head head, String object) throws IOException {
        json.name("id").value(head.id());
        json.name("object").value(object);
        json.name("created").value(head.created());
        json.name("model").value(head.model());
    }

    private static void choice(JsonWriter json, Head head, String name, ChoiceText choice)
            throws IOException {
        Finish finish = choice.finish();
        json.beginObject();
        if (head.kind() == Kind.CHAT) {
            boolean whole = name.equals("message");
            json.name(name).beginObject();
            if (whole) {
                json.name("role").value("assistant");
            }
            boolean hasText = !choice.text().isEmpty() || choice.calls().isEmpty();
            if (whole) {
                json.name("content").value(hasText ? choice.text() : null);
            } else if (finish == null && hasText) { // the end of a stream has no text
                json.name("content").value(choice.text());
            }
            if (!choice.calls().isEmpty()) {
                calls(json.name("tool_calls"), choice, whole);
            }
            json.endObject();
        } else {
            json.name("text").value(choice.text());
        }
        json.name("index").value(choice.index());
        List<TokenLogprob> tokens = choice.tokens();
        if (tokens == null) {
            json.name("logprobs").nullValue();
        } else if (head.kind() == Kind.CHAT) {
            LogprobsJson.ofMessage(json.name("logprobs"), tokens);
        } else {
            LogprobsJson.ofText(json.name("logprobs"), tokens, choice.offset());
        }
        json.name("finish_reason")
                .value(finish == null ? null : finish.name().toLowerCase(Locale.ROOT));
        json.endObject();
    }

    private static void calls(JsonWriter json, ChoiceText choice, boolean whole)
            throws IOException {
        json.beginArray();
        int index = choice.firstCall();
        for (ToolCall call : choice.calls()) {
            json.beginObject();
            if (!whole) {
                json.name("index").value(index++);
            }
            json.name("id").value(call.id());
            json.name("type").value("function");
            json.name("function").beginObject();
            json.name("name").value(call.name());
            json.name("arguments").value(call.arguments());
            json.endObject().endObject();
        }
        json.endArray();
    }

    private static void usage(JsonWriter json, Usage usage) throws IOException {
        json.name("usage").beginObject();
        json.name("prompt_tokens").value(usage.promptTokens());
        json.name("completion_tokens").value(usage.newTokens());
        json.name("total_tokens").value(usage.promptTokens() + usage.newTokens());
        json.name("prompt_tokens_details").beginObject();
        json.name("cached_tokens").value(usage.cachedTokens());
        json.endObject();
        json.endObject();
    }

    /** Returns an error. */
    public static String error(ApiException error) {
        return object(
                json -> {
                    json.name("error").beginObject();
                    json.name("message").value(error.message());
                    json.name("type").value(error.type());
                    json.name("param").value(error.param());
                    json.name("code").value(error.code());
                    json.endObject();
                });
    }

    /** Returns the list of models. */
    public static String models(List<ModelEntry> models) {
        return object(
                json -> {
                    json.name("object").value("list");
                    json.name("data").beginArray();
                    for (ModelEntry model : models) {
                        json.beginObject();
                        model(json, model);
                        json.endObject();
                    }
                    json.endArray();
                });
    }

    /** Returns one model. */
    public static String model(ModelEntry model) {
        return object(json -> model(json, model));
    }

    private static void model(JsonWriter json, ModelEntry model) throws IOException {
        json.name("id").value(model.name());
        json.name("object").value("model");
        json.name("created").value(model.created());
        json.name("owned_by").value("ligature");
        json.name("root").value(model.name());
        json.name("parent").value(model.parent());
        json.name("max_model_len").value(model.positions());
    }

    /** Returns the state of the server. */
    public static String status(String status) {
        return object(json -> json.name("status").value(status));
    }
}
