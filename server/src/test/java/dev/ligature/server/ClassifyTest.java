package dev.ligature.server;

import static dev.ligature.server.EncoderFixture.assertWithin;
import static dev.ligature.server.HttpCalls.error;
import static dev.ligature.server.HttpCalls.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.ligature.Routing;
import dev.ligature.server.model.TaskModel;
import dev.ligature.server.settings.ServerAccess;
import dev.ligature.server.settings.ServerLimits;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Classes over HTTP are those of Transformers and PEFT. */
final class ClassifyTest {
    private static final double EPSILON = 1e-4;
    private static final ServerLimits LIMITS = new ServerLimits(4, 16, 100, 100_000, 60, 30);

    @TempDir Path folder;

    private EncoderFixture open(String name) throws Exception {
        Path directory = Files.createDirectory(folder.resolve("base"));
        Path adapters = Files.createDirectory(folder.resolve("adapters"));
        EncoderFixture.copyCase(name, directory, adapters);
        return new EncoderFixture(directory, adapters, LIMITS, ServerAccess.OPEN);
    }

    private static JsonObject classify(EncoderFixture fixture, Map<String, ?> body)
            throws Exception {
        HttpResponse<String> response = post(fixture, "/v1/classify", body);
        assertEquals(200, response.statusCode(), response.body());
        return json(response.body());
    }

    private static HttpResponse<String> post(
            EncoderFixture fixture, String path, Map<String, ?> body) throws Exception {
        HttpCalls http = fixture.http();
        return http.send(http.post(path, new Gson().toJson(body)).build());
    }

    private static List<Float> numbers(JsonObject entry) {
        List<Float> numbers = new ArrayList<>();
        entry.getAsJsonArray("probs").forEach(number -> numbers.add(number.getAsFloat()));
        return numbers;
    }

    @Test
    void tokens_haveTheLogitsOfPeft_andTheProbabilitiesThatFollow() throws Exception {
        try (EncoderFixture fixture = open("modernbert-sequence")) {
            String file = "encoders/modernbert-sequence/expected.safetensors";
            NDArray ids = fixture.expected(file, "input_ids");
            NDArray mask = fixture.expected(file, "attention_mask");
            List<long[]> inputs = new ArrayList<>();
            for (int text = 0; text < ids.getShape().get(0); text++) {
                int length = (int) mask.get(text).sum().getLong();
                inputs.add(Arrays.copyOf(ids.get(text).toLongArray(), length));
            }
            for (String model : List.of("base", "tuned")) {
                NDArray logits = fixture.expected(file, model.equals("base") ? "base" : "adapter");
                JsonArray raw =
                        classify(
                                        fixture,
                                        Map.of(
                                                "model", model,
                                                "input", inputs,
                                                "use_activation", false))
                                .getAsJsonArray("data");
                JsonObject body = classify(fixture, Map.of("model", model, "input", inputs));
                assertTrue(body.get("id").getAsString().startsWith("classify-"));
                assertEquals("list", body.get("object").getAsString());
                assertEquals(model, body.get("model").getAsString());
                int tokens = inputs.stream().mapToInt(each -> each.length).sum();
                assertEquals(tokens, body.getAsJsonObject("usage").get("prompt_tokens").getAsInt());
                for (int text = 0; text < inputs.size(); text++) {
                    float[] row = logits.get(text).toFloatArray();
                    assertWithin(EPSILON, row, numbers(raw.get(text).getAsJsonObject()));
                    JsonObject entry = body.getAsJsonArray("data").get(text).getAsJsonObject();
                    assertWithin(EPSILON, softmax(row), numbers(entry));
                    assertEquals(text, entry.get("index").getAsInt());
                    assertEquals(row.length, entry.get("num_classes").getAsInt());
                    assertEquals(
                            "LABEL_" + logits.get(text).argMax().getLong(),
                            entry.get("label").getAsString());
                }
            }
        }
    }

    @Test
    void aPairThatCannotFit_isRefusedBeforeTokensAreMadeOfIt() throws Exception {
        Path directory = Files.createDirectory(folder.resolve("base"));
        Path adapters = Files.createDirectory(folder.resolve("adapters"));
        EncoderFixture.copyCase("modernbert-sequence", directory, adapters);
        Files.copy( // of which a token has 66 bytes at most
                Path.of("..", "examples", "demo", "base", "tokenizer.json"),
                directory.resolve("tokenizer.json"),
                StandardCopyOption.REPLACE_EXISTING);
        try (EncoderFixture fixture =
                new EncoderFixture(directory, adapters, LIMITS, ServerAccess.OPEN)) {
            int most = 66 * TaskModel.of(fixture.model()).maxTokens();
            String half = "x".repeat(most / 2 + 1);
            HttpResponse<String> refused =
                    post(
                            fixture,
                            "/v1/classify",
                            Map.of(
                                    "model",
                                    "base",
                                    "input",
                                    List.of(Map.of("text", half, "text_pair", half))));
            assertEquals(400, refused.statusCode(), refused.body());
            String message = error(refused).get("message").getAsString();
            assertTrue(message.contains("characters, and its tokens are more"), message);
        }
    }

    private static float[] softmax(float[] logits) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit);
        }
        float[] probabilities = new float[logits.length];
        for (int label = 0; label < logits.length; label++) {
            probabilities[label] = (float) (Math.exp(logits[label]) / sum);
        }
        return probabilities;
    }

    @Test
    void aPairOfTexts_isReadWithTheTypesOfItsTokens() throws Exception {
        try (EncoderFixture fixture = open("bert-sequence")) {
            // [CLS] a [SEP] b c [SEP]
            long[] ids = {2, 5, 3, 6, 7, 3};
            float[] logits = fixture.alone(Routing.none(), ids, new long[] {0, 0, 0, 1, 1, 1});
            Map<String, ?> pair =
                    Map.of(
                            "model",
                            "base",
                            "input",
                            List.of(Map.of("text", "a", "text_pair", "b c")),
                            "use_activation",
                            false);
            JsonArray data = classify(fixture, pair).getAsJsonArray("data");
            assertWithin(EPSILON, logits, numbers(data.get(0).getAsJsonObject()));
            float[] untyped = fixture.alone(Routing.none(), ids, new long[6]);
            assertTrue(Math.abs(untyped[0] - logits[0]) > 1e-3, "types make a difference");
            assertEquals(
                    200,
                    post(fixture, "/classify", Map.of("model", "tuned", "input", "a"))
                            .statusCode());
            HttpResponse<String> other =
                    post(fixture, "/v1/embeddings", Map.of("model", "base", "input", "a"));
            assertEquals("task_not_supported", error(other).get("code").getAsString());
            HttpResponse<String> half =
                    post(
                            fixture,
                            "/v1/classify",
                            Map.of("model", "base", "input", List.of(Map.of("text", "a"))));
            assertEquals("input", error(half).get("param").getAsString());
        }
    }
}
