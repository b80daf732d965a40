package dev.ligature.server;

import static dev.ligature.server.HttpCalls.error;
import static dev.ligature.server.HttpCalls.greedy;
import static dev.ligature.server.HttpCalls.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.util.HexFormat;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tenants of one server, each with a key and with adapters of their own. */
final class ServerAccessTest {
    @TempDir static Path adapters;
    @TempDir static Path files;
    @TempDir static Path others;
    private static ServerFixture fixture;

    private static String entry(String key, String fields) throws Exception {
        byte[] hash =
                MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        return "{\"sha256\":\"" + HexFormat.of().formatHex(hash) + "\"" + fields + "}";
    }

    @BeforeAll
    static void open() throws Exception {
        Path keys = files.resolve("keys.json");
        Files.writeString(
                keys,
                "{\"acme\":"
                        + entry("acme-key", ",\"models\":[\"alpha\"]")
                        + ",\"slow\":"
                        + entry("slow-key", ",\"requests_per_minute\":1")
                        + ",\"operator\":"
                        + entry("operator-key", ",\"admin\":true")
                        + "}");
        fixture =
                new ServerFixture(
                        adapters,
                        new ServerLimits(2, 8, 50, 2000, 60, 30),
                        8 * ServerFixture.ADAPTER_BYTES,
                        new ServerAccess(keys, files.resolve("audit.log"), null, null));
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    private static HttpResponse<String> complete(String key, String model) throws Exception {
        HttpRequest.Builder request = fixture.http().post(greedy(model, "int", 3));
        return fixture.http().send(request.header("authorization", "Bearer " + key).build());
    }

    private static HttpResponse<String> get(String key, String path) throws Exception {
        return fixture.http()
                .send(
                        HttpRequest.newBuilder(fixture.http().uri(path))
                                .header("authorization", "Bearer " + key)
                                .build());
    }

    @Test
    void withoutAKey_thereIsOnlyHealth() throws Exception {
        assertEquals(200, fixture.http().get("/health").statusCode());
        for (String path : List.of("/v1/models", "/v1/models/alpha", "/metrics", "/nothing")) {
            HttpResponse<String> refused = fixture.http().get(path);
            assertEquals(401, refused.statusCode(), path);
            assertEquals("invalid_api_key", error(refused).get("code").getAsString());
            assertEquals("Bearer", refused.headers().firstValue("www-authenticate").orElse(""));
        }
        assertEquals(401, complete("wrong", "alpha").statusCode());
        assertEquals(403, get("acme-key", "/metrics").statusCode());
        assertEquals(200, get("operator-key", "/metrics").statusCode());
    }

    @Test
    void modelsOfOthers_areAsIfTheyWereNotThere() throws Exception {
        assertEquals(200, complete("acme-key", "alpha").statusCode());
        HttpResponse<String> others = complete("acme-key", "beta");
        HttpResponse<String> nobodys = complete("acme-key", "delta");
        assertEquals(404, others.statusCode());
        assertEquals(nobodys.body().replace("delta", "beta"), others.body());
        assertEquals(404, complete("acme-key", "base").statusCode());
        JsonObject listed = json(get("acme-key", "/v1/models").body());
        assertEquals(1, listed.getAsJsonArray("data").size(), listed::toString);
        assertEquals(200, get("acme-key", "/v1/models/alpha").statusCode());
        assertEquals(
                get("acme-key", "/v1/models/delta").body().replace("delta", "beta"),
                get("acme-key", "/v1/models/beta").body());
        assertEquals(200, complete("operator-key", "beta").statusCode());
    }

    @Test
    void aKeyThatHasUsedUpItsRequests_isToldWhenToComeBack() throws Exception {
        assertEquals(200, complete("slow-key", "alpha").statusCode());
        HttpResponse<String> limited = complete("slow-key", "alpha");
        assertEquals(429, limited.statusCode());
        assertEquals("rate_limit_exceeded", error(limited).get("code").getAsString());
        long seconds = limited.headers().firstValueAsLong("retry-after").orElse(0);
        assertTrue(seconds > 30 && seconds <= 60, "after " + seconds);
    }

    private static HttpResponse<String> admin(String key, String path, String body)
            throws Exception {
        HttpRequest.Builder request = fixture.http().post(path, body);
        return fixture.http().send(request.header("authorization", "Bearer " + key).build());
    }

    @Test
    void anAdministrator_loadsAndUnloadsAdapters() throws Exception {
        fixture.writeAdapter("moved");
        Path folder = others.resolve("moved");
        Files.move(adapters.resolve("moved"), folder);
        String name = "{\"lora_name\":\"added\"}";
        String load = "{\"lora_name\":\"added\",\"lora_path\":\"" + folder + "\"}";
        String loading = "/v1/load_lora_adapter";
        String unloading = "/v1/unload_lora_adapter";
        assertEquals(403, admin("acme-key", loading, load).statusCode());
        assertEquals(404, complete("operator-key", "added").statusCode());
        HttpResponse<String> loaded = admin("operator-key", loading, load);
        assertEquals("Success: LoRA adapter 'added' added successfully.", loaded.body());
        assertEquals(200, complete("operator-key", "added").statusCode());
        assertTrue(get("operator-key", "/v1/models").body().contains("\"added\""));
        assertEquals(400, admin("operator-key", loading, load).statusCode());
        for (String taken : List.of("alpha", "base", "../x")) {
            assertEquals(
                    400,
                    admin("operator-key", loading, load.replace("\"added", "\"" + taken))
                            .statusCode());
        }
        String nowhere = load.replace("added", "broken").replace("/moved", "/nowhere");
        assertEquals(400, admin("operator-key", loading, nowhere).statusCode());
        assertEquals(404, complete("operator-key", "broken").statusCode());
        assertEquals(400, admin("operator-key", loading, "{").statusCode());
        assertEquals(
                400, admin("operator-key", unloading, name.replace("added", "alpha")).statusCode());
        assertEquals(200, admin("operator-key", unloading, name).statusCode());
        assertEquals(404, admin("operator-key", unloading, name).statusCode());
        assertEquals(404, complete("operator-key", "added").statusCode());
    }

    @Test
    void overTls_aClientThatTrustsTheCertificate_isServed() throws Exception {
        Path certificate = Path.of("src/test/resources/tls/cert.pem");
        ServerAccess tls =
                new ServerAccess(
                        null, null, certificate, Path.of("src/test/resources/tls/key.pem"));
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream in = Files.newInputStream(certificate)) {
            trusted.setCertificateEntry(
                    "server", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        try (ServerFixture secure =
                new ServerFixture(
                        others,
                        new ServerLimits(1, 1, 50, 2000, 60, 30),
                        ServerFixture.ADAPTER_BYTES,
                        tls)) {
            URI health = URI.create("https://localhost:" + secure.server().port() + "/health");
            HttpResponse<String> answer =
                    HttpClient.newBuilder()
                            .sslContext(context)
                            .build()
                            .send(HttpRequest.newBuilder(health).build(), BodyHandlers.ofString());
            assertEquals(200, answer.statusCode());
        }
        ServerAccess wrong = new ServerAccess(null, null, certificate, certificate);
        assertThrows(IOException.class, () -> Tls.options(wrong));
    }

    @Test
    void eachRequest_isALineOfTheLog_withoutItsKey() throws Exception {
        complete("acme-key", "gamma"); // which it may not use
        assertEquals(200, complete("acme-key", "alpha").statusCode());
        Path log = files.resolve("audit.log");
        ServerFixture.await(
                () -> {
                    try {
                        return Files.readString(log).contains("\"model\":\"alpha\"");
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
        assertTrue(Files.readString(log).contains("\"model\":\"gamma\""));
        String text = Files.readString(log);
        assertFalse(text.contains("-key"), text);
        JsonObject line =
                text.lines()
                        .map(each -> JsonParser.parseString(each).getAsJsonObject())
                        .filter(each -> each.get("status").getAsInt() == 200)
                        .filter(each -> !each.get("model").isJsonNull())
                        .findFirst()
                        .orElseThrow();
        assertEquals("POST", line.get("method").getAsString());
        assertEquals("/v1/completions", line.get("path").getAsString());
        assertTrue(line.get("completion_tokens").getAsInt() > 0, line::toString);
        assertTrue(line.get("prompt_tokens").getAsInt() > 0, line::toString);
    }
}
