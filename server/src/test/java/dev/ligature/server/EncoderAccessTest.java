package dev.ligature.server;

import static dev.ligature.server.HttpCalls.error;
import static dev.ligature.server.HttpCalls.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import dev.ligature.server.internal.metrics.Exposition;
import dev.ligature.server.settings.ServerAccess;
import dev.ligature.server.settings.ServerLimits;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys, limits, metrics and the audit log hold for encoders as for completions. */
final class EncoderAccessTest {
    @TempDir Path folder;

    private EncoderFixture fixture;

    private static String entry(String key, String fields) throws Exception {
        byte[] hash =
                MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        return "{\"sha256\":\"" + HexFormat.of().formatHex(hash) + "\"" + fields + "}";
    }

    private HttpResponse<String> send(String key, HttpRequest.Builder request) throws Exception {
        return fixture.http().send(request.header("authorization", "Bearer " + key).build());
    }

    private HttpResponse<String> classify(String key, String model) throws Exception {
        String body = "{\"model\":\"" + model + "\",\"input\":[\"a b\",\"c\"]}";
        return send(key, fixture.http().post("/v1/classify", body));
    }

    @Test
    void keysLimitsMetricsAndTheAuditLog_countClassesToo() throws Exception {
        Path directory = Files.createDirectory(folder.resolve("base"));
        Path adapters = Files.createDirectory(folder.resolve("adapters"));
        EncoderFixture.copyCase("bert-sequence", directory, adapters);
        Path keys = folder.resolve("keys.json");
        Path log = folder.resolve("audit.log");
        Files.writeString(
                keys,
                "{\"acme\":"
                        + entry("acme-key", ",\"models\":[\"tuned\"],\"tokens_per_minute\":8")
                        + ",\"operator\":"
                        + entry("operator-key", ",\"admin\":true")
                        + "}");
        fixture =
                new EncoderFixture(
                        directory,
                        adapters,
                        new ServerLimits(2, 4, 50, 1000, 60, 30),
                        new ServerAccess(keys, log, null, null));
        try (EncoderFixture open = fixture) {
            assertEquals(401, classify("wrong", "tuned").statusCode());
            assertEquals(404, classify("acme-key", "base").statusCode());
            HttpResponse<String> whole = classify("acme-key", "tuned");
            assertEquals(200, whole.statusCode(), whole.body());
            int tokens =
                    json(whole.body()).getAsJsonObject("usage").get("prompt_tokens").getAsInt();
            assertEquals(4 + 3, tokens); // [CLS] a b [SEP], [CLS] c [SEP]
            classify("acme-key", "tuned"); // goes beyond the tokens of a minute
            HttpResponse<String> limited = classify("acme-key", "tuned");
            assertEquals(429, limited.statusCode());
            assertEquals("rate_limit_exceeded", error(limited).get("code").getAsString());

            HttpRequest.Builder large =
                    open.http().post("/v1/classify", "{\"input\":\"" + "x".repeat(2000) + "\"}");
            assertEquals(413, send("operator-key", large).statusCode());
            assertEquals(200, classify("operator-key", "base").statusCode());
            Exposition read =
                    Exposition.read(
                            send(
                                            "operator-key",
                                            HttpRequest.newBuilder(open.http().uri("/metrics")))
                                    .body());
            assertEquals(3, read.value("ligature_responses_total{status=200}"));
            assertEquals(3 * tokens, read.value("ligature_prompt_tokens_total"));
            assertEquals(2, read.value("ligature_adapter_requests_total{adapter=tuned}"));
            assertEquals(1, read.value("ligature_adapter_requests_total{adapter=base}"));
            assertEquals(3, read.value("ligature_queue_seconds_count"));
            assertEquals(2 * tokens, read.value("ligature_key_tokens_total{key=acme}"));
            ServerFixture.await(() -> lines(log).stream().anyMatch(EncoderAccessTest::isWhole));
        }
    }

    private static boolean isWhole(String text) {
        JsonObject line = json(text);
        boolean isIt =
                line.get("path").getAsString().equals("/v1/classify")
                        && line.get("status").getAsInt() == 200
                        && line.get("key").getAsString().equals("acme");
        if (isIt) {
            assertEquals("tuned", line.get("model").getAsString());
            assertEquals(7, line.get("prompt_tokens").getAsInt());
            assertTrue(line.get("completion_tokens").getAsInt() == 0);
        }
        return isIt;
    }

    private static List<String> lines(Path log) {
        try {
            return Files.readAllLines(log);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
