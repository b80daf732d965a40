package dev.ligature.server;

import com.google.gson.stream.JsonWriter;
import dev.ligature.server.CompletionSink.Finish;
import dev.ligature.server.CompletionSink.Usage;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Writes the bodies of answers, in OpenAI's shapes. */
final class Json {
    private Json() {}

    /** What stands in every answer to one request. */
    record Head(String id, long created, String model) {}

    private interface Content {
        void writeTo(JsonWriter json) throws IOException;
    }

    private static String object(Content content) {
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

    /** Returns a whole completion. */
    static String completion(Head head, String text, Finish finish, Usage usage) {
        return object(
                json -> {
                    head(json, head);
                    choice(json, text, finish);
                    usage(json, usage);
                });
    }

    /** Returns a piece of a completion; the last one says why it ended. */
    static String piece(Head head, String text, @Nullable Finish finish) {
        return object(
                json -> {
                    head(json, head);
                    choice(json, text, finish);
                });
    }

    /** Returns the event that has the usage and no text. */
    static String usage(Head head, Usage usage) {
        return object(
                json -> {
                    head(json, head);
                    json.name("choices").beginArray().endArray();
                    usage(json, usage);
                });
    }

    private static void head(JsonWriter json, Head head) throws IOException {
        json.name("id").value(head.id());
        json.name("object").value("text_completion");
        json.name("created").value(head.created());
        json.name("model").value(head.model());
    }

    private static void choice(JsonWriter json, String text, @Nullable Finish finish)
            throws IOException {
        json.name("choices").beginArray().beginObject();
        json.name("text").value(text);
        json.name("index").value(0);
        json.name("logprobs").nullValue();
        json.name("finish_reason")
                .value(finish == null ? null : finish.name().toLowerCase(Locale.ROOT));
        json.endObject().endArray();
    }

    private static void usage(JsonWriter json, Usage usage) throws IOException {
        json.name("usage").beginObject();
        json.name("prompt_tokens").value(usage.promptTokens());
        json.name("completion_tokens").value(usage.newTokens());
        json.name("total_tokens").value(usage.promptTokens() + usage.newTokens());
        json.endObject();
    }

    /** Returns an error. */
    static String error(ApiException error) {
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
    static String models(List<String> names, long created) {
        return object(
                json -> {
                    json.name("object").value("list");
                    json.name("data").beginArray();
                    for (String name : names) {
                        json.beginObject();
                        json.name("id").value(name);
                        json.name("object").value("model");
                        json.name("created").value(created);
                        json.name("owned_by").value("ligature");
                        json.endObject();
                    }
                    json.endArray();
                });
    }

    /** Returns the state of the server. */
    static String status(String status) {
        return object(json -> json.name("status").value(status));
    }
}
