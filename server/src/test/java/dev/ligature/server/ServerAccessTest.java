package dev.ligature.server;

import static dev.ligature.server.HttpCalls.error;
import static dev.ligature.server.HttpCalls.greedy;
import static dev.ligature.server.HttpCalls.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.server.settings.ServerAccess;
import dev.ligature.server.settings.ServerLimits;
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
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
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
                        + ",\"few\":"
                        + entry("few-key", ",\"tokens_per_minute\":2")
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
    void theBase_isNotNamedToAKeyThatMayNotUseIt() throws Exception {
        for (String path : List.of("/v1/models", "/v1/models/alpha", "/v1/status")) {
            HttpResponse<String> told = get("acme-key", path);
            assertEquals(200, told.statusCode(), told.body());
            assertFalse(told.body().contains("\"base\""), told.body());
            assertTrue(get("operator-key", path).body().contains("\"base\""), path);
        }
        HttpRequest.Builder unnamed = fixture.http().post("/tokenize", "{\"prompt\":\"int\"}");
        HttpResponse<String> refused =
                fixture.http().send(unnamed.header("authorization", "Bearer acme-key").build());
        assertEquals(400, refused.statusCode());
        assertEquals("model", error(refused).get("param").getAsString());
        assertFalse(refused.body().contains("There is no model"), refused.body());
    }

    private static long responses(int status) throws Exception {
        String line = "ligature_responses_total{status=\"" + status + "\"} ";
        return get("operator-key", "/metrics")
                .body()
                .lines()
                .filter(each -> each.startsWith(line))
                .mapToLong(each -> (long) Double.parseDouble(each.substring(line.length())))
                .sum();
    }

    @Test
    void refusals_areCountedByTheirStatus() throws Exception {
        List<Integer> statuses = List.of(400, 401, 403, 404, 405);
        List<Long> before = new ArrayList<>();
        for (int status : statuses) {
            before.add(responses(status));
        }
        assertEquals(401, complete("wrong", "alpha").statusCode());
        assertEquals(401, fixture.http().get("/v1/models").statusCode());
        assertEquals(403, admin("acme-key", "/v1/load_lora_adapter", "{}").statusCode());
        assertEquals(404, get("acme-key", "/nothing").statusCode());
        assertEquals(405, get("acme-key", "/v1/completions").statusCode());
        HttpRequest.Builder other = fixture.http().post("/v1/embeddings", "{}");
        assertEquals(
                400,
                fixture.http()
                        .send(other.header("authorization", "Bearer acme-key").build())
                        .statusCode());
        List<Integer> more = List.of(1, 2, 1, 1, 1);
        for (int i = 0; i < more.size(); i++) {
            int status = statuses.get(i);
            assertEquals(before.get(i) + more.get(i), responses(status), "of " + status);
        }
    }

    @Test
    void tokensOfTokenize_countForTheKey() throws Exception {
        HttpRequest.Builder first =
                fixture.http().post("/tokenize", "{\"prompt\":\"int max(int a, int b)\"}");
        HttpResponse<String> told =
                fixture.http().send(first.header("authorization", "Bearer few-key").build());
        assertEquals(200, told.statusCode(), told.body());
        int count = json(told.body()).get("count").getAsInt();
        assertTrue(count > 2, told.body());
        awaitLine("/tokenize", "\"key\":\"few\"", "\"prompt_tokens\":" + count);
        HttpRequest.Builder second = fixture.http().post("/detokenize", "{\"tokens\":[5]}");
        HttpResponse<String> limited =
                fixture.http().send(second.header("authorization", "Bearer few-key").build());
        assertEquals(429, limited.statusCode(), limited.body());
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
        HttpRequest plain =
                HttpRequest.newBuilder(fixture.http().uri(loading))
                        .header("authorization", "Bearer operator-key")
                        .header("content-type", "text/plain")
                        .POST(HttpRequest.BodyPublishers.ofString(load))
                        .build();
        assertEquals(415, fixture.http().send(plain).statusCode());
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
        for (String path : List.of(loading, unloading)) {
            awaitLine(path, "\"model\":\"added\"", "\"status\":200");
        }
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
    }

    @Test
    void filesThatAreNotForTls_areNamed() throws Exception {
        Path resources = Path.of("src/test/resources/tls");
        Path certificate = resources.resolve("cert.pem");
        Path key = resources.resolve("key.pem");
        Path damaged = files.resolve("damaged.pem");
        String text = Files.readString(certificate);
        Files.writeString(damaged, text.replace(text.substring(60, 90), "A".repeat(30)));
        Path other = files.resolve("other.pem");
        KeyPairGenerator pairs = KeyPairGenerator.getInstance("RSA");
        pairs.initialize(2048);
        String encoded =
                Base64.getMimeEncoder()
                        .encodeToString(pairs.generateKeyPair().getPrivate().getEncoded());
        Files.writeString(
                other, "-----BEGIN PRIVATE KEY-----\n" + encoded + "\n-----END PRIVATE KEY-----\n");
        assertNotStarted(certificate, certificate, certificate + " has no line");
        assertNotStarted(key, key, key + " is not a certificate");
        assertNotStarted(damaged, key, damaged + " is not a certificate");
        assertNotStarted(certificate, other, other + " is not the key of the first certificate");
    }

    private static void assertNotStarted(Path certificate, Path key, String message) {
        ServerAccess access = new ServerAccess(null, null, certificate, key);
        IOException error =
                assertThrows(
                        IOException.class,
                        () ->
                                new ServerFixture(
                                        others,
                                        new ServerLimits(1, 1, 50, 2000, 60, 30),
                                        ServerFixture.ADAPTER_BYTES,
                                        access));
        assertTrue(String.valueOf(error.getMessage()).startsWith(message), error::toString);
    }

    @Test
    void whatIsRefusedBeforeItsKeyIsAskedFor_isALineOfTheLogToo() throws Exception {
        refusedEarly("GET /v1/strange HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        awaitLine("/v1/strange", "\"status\":403");
        refusedEarly(
                "GET /v1/heavy HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(9000) + "\r\n\r\n");
        awaitLine("/v1/heavy", "\"status\":431");
        refusedEarly("GET /" + "x".repeat(5000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        awaitLine("\"status\":414", "\"method\":\"GET\"");
    }

    private static void refusedEarly(String request) throws IOException {
        try (RawCall call = RawCall.open(fixture.http().port())) {
            assertNotNull(call.send(request).line());
        }
    }

    /** Waits for a line of the audit log with some texts in it. */
    private static void awaitLine(String... parts) throws InterruptedException {
        Path log = files.resolve("audit.log");
        ServerFixture.await(
                () -> {
                    try {
                        return Files.readAllLines(log).stream()
                                .anyMatch(line -> Stream.of(parts).allMatch(line::contains));
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
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
                        .filter(each -> each.get("method").getAsString().equals("POST"))
                        .filter(each -> !each.get("path").getAsString().contains("lora"))
                        .findFirst()
                        .orElseThrow();
        assertEquals("POST", line.get("method").getAsString());
        assertEquals("/v1/completions", line.get("path").getAsString());
        assertTrue(line.get("completion_tokens").getAsInt() > 0, line::toString);
        assertTrue(line.get("prompt_tokens").getAsInt() > 0, line::toString);
    }
}
