package dev.ligature.server.internal.handler;

import com.google.gson.stream.JsonWriter;
import dev.ligature.models.classification.ClassLabels;
import dev.ligature.server.internal.answer.Json;
import dev.ligature.server.internal.answer.Usage;
import dev.ligature.server.internal.request.EncoderRequest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.UUID;

/** Writes embeddings in OpenAI's shape, and classes in vLLM's. */
final class EncoderJson {
    private EncoderJson() {}

    /** Returns the embeddings of texts. */
    static String embeddings(EncoderRequest request, float[][] embeddings, Usage usage) {
        return Json.object(
                json -> {
                    json.name("object").value("list");
                    json.name("data").beginArray();
                    for (int text = 0; text < embeddings.length; text++) {
                        json.beginObject();
                        json.name("object").value("embedding");
                        json.name("index").value(text);
                        json.name("embedding");
                        if (request.base64()) {
                            json.value(base64(embeddings[text]));
                        } else {
                            numbers(json, embeddings[text]);
                        }
                        json.endObject();
                    }
                    json.endArray();
                    json.name("model").value(request.model());
                    usage(json, usage);
                });
    }

    private static String base64(float[] numbers) {
        ByteBuffer bytes =
                ByteBuffer.allocate(numbers.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(numbers);
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    private static void numbers(JsonWriter json, float[] numbers) throws IOException {
        json.beginArray();
        for (float number : numbers) {
            json.value(number);
        }
        json.endArray();
    }

    private static void usage(JsonWriter json, Usage usage) throws IOException {
        json.name("usage").beginObject();
        json.name("prompt_tokens").value(usage.promptTokens());
        json.name("total_tokens").value(usage.promptTokens());
        json.endObject();
    }

    /**
     * Returns the classes of texts.
     *
     * @param logits those of each text
     * @param labels what they mean
     */
    static String classes(
            EncoderRequest request, float[][] logits, ClassLabels labels, Usage usage) {
        return Json.object(
                json -> {
                    json.name("id").value("classify-" + UUID.randomUUID());
                    json.name("object").value("list");
                    json.name("created").value(System.currentTimeMillis() / 1000);
                    json.name("model").value(request.model());
                    json.name("data").beginArray();
                    for (int text = 0; text < logits.length; text++) {
                        float[] row = logits[text];
                        json.beginObject();
                        json.name("index").value(text);
                        json.name("label").value(labels.likeliest(row));
                        json.name("probs");
                        numbers(json, request.activates() ? labels.apply(row) : row);
                        json.name("num_classes").value(row.length);
                        json.endObject();
                    }
                    json.endArray();
                    usage(json, usage);
                });
    }
}
