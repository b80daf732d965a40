package dev.ligature.server;

import static dev.ligature.server.HttpCalls.greedy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.server.internal.metrics.Exposition;
import dev.ligature.server.settings.ServerAccess;
import dev.ligature.server.settings.ServerCache;
import dev.ligature.server.settings.ServerLimits;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A known load, and what a server reports of it. */
final class MetricsTest {
    private static final String KEY = "a \"key\"\nof two lines";

    @TempDir Path adapters;
    @TempDir Path files;
    private ServerFixture fixture;

    @BeforeEach
    void open() throws Exception {
        Path keys = files.resolve("keys.json");
        byte[] hash =
                MessageDigest.getInstance("SHA-256")
                        .digest("secret".getBytes(StandardCharsets.UTF_8));
        Files.writeString(
                keys,
                "{\"a \\\"key\\\"\\nof two lines\":{\"admin\":true,\"sha256\":\""
                        + HexFormat.of().formatHex(hash)
                        + "\"}}");
        ServerLimits limits = new ServerLimits(4, 8, 50, 2000, 60, 30, 64, 2, ServerCache.DEFAULTS);
        fixture =
                new ServerFixture(
                        adapters,
                        limits,
                        8 * ServerFixture.ADAPTER_BYTES,
                        new ServerAccess(keys, null, null, null));
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return fixture.http().send(request.header("authorization", "Bearer secret").build());
    }

    private Exposition read() throws Exception {
        HttpResponse<String> response =
                send(HttpRequest.newBuilder(fixture.http().uri("/metrics")));
        assertEquals(200, response.statusCode());
        assertEquals(
                "text/plain; version=0.0.4; charset=utf-8",
                response.headers().firstValue("content-type").orElse(""));
        return Exposition.read(response.body());
    }

    @Test
    void aKnownLoad_isWhatIsReported() throws Exception {
        int prompt = fixture.tokens("int max(").length;
        for (String name : new String[] {"alpha", "alpha", "alpha", "beta", "beta", "gamma"}) {
            assertEquals(200, send(fixture.http().post(greedy(name, "int max(", 5))).statusCode());
        }
        for (int i = 0; i < 20; i++) {
            assertEquals(
                    404, send(fixture.http().post(greedy("stranger-" + i, "int", 5))).statusCode());
        }
        assertEquals(400, send(fixture.http().post("{}")).statusCode());

        Exposition read = read();
        assertEquals(6, read.value("ligature_responses_total{status=200}"));
        assertEquals(20, read.value("ligature_responses_total{status=404}"));
        assertEquals(1, read.value("ligature_responses_total{status=400}"));
        assertEquals(6 * prompt, read.value("ligature_prompt_tokens_total"));
        assertEquals(6 * 5, read.value("ligature_new_tokens_total"));
        assertEquals(6, read.value("ligature_time_to_first_token_seconds_count"));
        assertEquals(6 * 4, read.value("ligature_time_between_tokens_seconds_count"));
        assertEquals(6, read.value("ligature_queue_seconds_count"));
        assertEquals(6, read.value("ligature_request_seconds_count"));
        assertEquals(3, read.value("ligature_adapter_requests_total{adapter=alpha}"));
        assertEquals(2, read.value("ligature_adapter_requests_total{adapter=beta}"));
        assertEquals(1, read.value("ligature_adapter_requests_total{adapter=other}"));
        assertEquals(15, read.value("ligature_adapter_new_tokens_total{adapter=alpha}"));
        assertEquals(6, read.value("ligature_key_requests_total{key=" + KEY + "}"));
        assertEquals(6 * (prompt + 5), read.value("ligature_key_tokens_total{key=" + KEY + "}"));
        assertEquals(0, read.value("ligature_rows"));
        assertEquals(0, read.value("ligature_waiting"));
        assertEquals(0, read.value("ligature_running"));
        assertEquals(3, read.value("ligature_store_adapters"));
        assertEquals(3, read.value("ligature_store_loads_total"));
        assertEquals(0, read.value("ligature_store_leased"));
        assertTrue(read.value("ligature_connections") >= 1);
        double sum = read.value("ligature_request_seconds_sum");
        assertTrue(sum >= read.value("ligature_time_to_first_token_seconds_sum"), "" + sum);
        assertFalse(
                read.values().keySet().stream().anyMatch(name -> name.contains("stranger")),
                "names of no model are in no label");
    }
}
