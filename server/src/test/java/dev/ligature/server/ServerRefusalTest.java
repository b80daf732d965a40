package dev.ligature.server;

import static dev.ligature.server.HttpCalls.error;
import static dev.ligature.server.HttpCalls.greedy;
import static dev.ligature.server.HttpCalls.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.ligature.server.settings.ServerLimits;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that are wrong get the status of their kind, and the next one is served. */
final class ServerRefusalTest {
    @TempDir static Path adapters;
    private static ServerFixture fixture;
    private static HttpCalls http;

    @BeforeAll
    static void open() throws Exception {
        fixture = new ServerFixture(adapters, new ServerLimits(2, 8, 50, 2000, 60, 30));
        http = fixture.http();
    }

    @AfterAll
    static void close() throws Exception {
        fixture.awaitIdle();
        fixture.close();
    }

    @AfterEach
    void theNextRequestIsServed() throws Exception {
        HttpResponse<String> next = http.complete(greedy("alpha", "int", 2));
        assertEquals(200, next.statusCode());
        assertEquals(fixture.alone("alpha", "int", 2), text(next.body()));
    }

    private static void refused(
            HttpResponse<String> response, int status, String code, String param) {
        assertEquals(status, response.statusCode(), response.body());
        JsonObject error = error(response);
        assertEquals(code, error.get("code").getAsString(), response.body());
        JsonElement named = error.get("param");
        assertEquals(param, named.isJsonNull() ? null : named.getAsString());
        assertEquals(
                status < 500 ? "invalid_request_error" : "server_error",
                error.get("type").getAsString());
        assertTrue(error.get("message").getAsString().endsWith("."), response.body());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "invalid_json||",
                "invalid_json||[]",
                "invalid_json||{",
                "invalid_json||{\"model\":\"base\",\"prompt\":\"x\"}}",
                "invalid_json||{\"model\":\"base\",'prompt':\"x\"}",
                "invalid_json||{\"model\":\"base\",\"prompt\":\"x\",}",
                "invalid_json||{\"model\":\"base\",\"prompt\":\"x\",\"temperature\":NaN}",
                "invalid_value|model|{\"prompt\":\"x\"}",
                "invalid_value|model|{\"model\":\"base\",\"model\":\"alpha\",\"prompt\":\"x\"}",
                "invalid_value|model|{\"model\":null,\"prompt\":\"x\"}",
                "invalid_value|model|{\"model\":5,\"prompt\":\"x\"}",
                "invalid_value|prompt|{\"model\":\"base\"}",
                "invalid_value|prompt|{\"model\":\"base\",\"prompt\":\"\"}",
                "invalid_value|prompt|{\"model\":\"base\",\"prompt\":[]}",
                "invalid_value|prompt|{\"model\":\"base\",\"prompt\":7}",
                "invalid_value|prompt|{\"model\":\"base\",\"prompt\":[\"x\",5]}",
                "invalid_value|prompt|{\"model\":\"base\",\"prompt\":[[1],[]]}",
                "invalid_value|prompt|{\"model\":\"base\",\"prompt\":[[1],[1.5]]}",
                "invalid_value|prompt|{\"model\":\"base\",\"prompt\":[\"a\",\"b\",\"c\"]}",
                "invalid_value|prompt|{\"model\":\"base\",\"prompt\":[1,[2]]}",
                "invalid_value|prompt|{\"model\":\"base\",\"prompt\":[1.5]}",
                "invalid_value|prompt|{\"model\":\"base\",\"prompt\":[4096]}",
                "invalid_value|prompt|{\"model\":\"base\",\"prompt\":[-1]}",
                "invalid_value|max_tokens|{\"model\":\"base\",\"prompt\":\"x\",\"max_tokens\":51}",
                "invalid_value|max_tokens|{\"model\":\"base\",\"prompt\":\"x\",\"max_tokens\":-1}",
                "invalid_value|max_tokens|{\"model\":\"base\",\"prompt\":\"x\",\"max_tokens\":1.5}",
                "invalid_value|max_tokens|{\"model\":\"base\",\"prompt\":\"x\",\"max_tokens\":\"5\"}",
                "invalid_value|max_tokens|{\"model\":\"base\",\"prompt\":\"x\",\"max_tokens\":1e999999999}",
                "invalid_value|temperature|{\"model\":\"base\",\"prompt\":\"x\",\"temperature\":2.1}",
                "invalid_value|temperature|{\"model\":\"base\",\"prompt\":\"x\",\"temperature\":-0.1}",
                "invalid_value|temperature|{\"model\":\"base\",\"prompt\":\"x\",\"temperature\":\"0\"}",
                "invalid_value|stream|{\"model\":\"base\",\"prompt\":\"x\",\"stream\":\"yes\"}",
                "invalid_value|stop|{\"model\":\"base\",\"prompt\":\"x\",\"stop\":\"\"}",
                "invalid_value|stop|{\"model\":\"base\",\"prompt\":\"x\",\"stop\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}",
                "invalid_value|stream_options|{\"model\":\"base\",\"prompt\":\"x\",\"stream_options\":{\"include_usage\":true}}",
                "unknown_field|stream_options.x|{\"model\":\"base\",\"prompt\":\"x\",\"stream_options\":{\"x\":1}}",
                "invalid_value|n|{\"model\":\"base\",\"prompt\":\"x\",\"n\":0}",
                "invalid_value|n|{\"model\":\"base\",\"prompt\":\"x\",\"n\":3}",
                "invalid_value|best_of|{\"model\":\"base\",\"prompt\":\"x\",\"n\":2,\"best_of\":1}",
                "invalid_value|best_of|{\"model\":\"base\",\"prompt\":\"x\",\"best_of\":2,\"stream\":true}",
                "invalid_value|top_p|{\"model\":\"base\",\"prompt\":\"x\",\"top_p\":0}",
                "invalid_value|top_p|{\"model\":\"base\",\"prompt\":\"x\",\"top_p\":1.1}",
                "invalid_value|top_k|{\"model\":\"base\",\"prompt\":\"x\",\"top_k\":-2}",
                "invalid_value|top_k|{\"model\":\"base\",\"prompt\":\"x\",\"top_k\":0.5}",
                "invalid_value|min_p|{\"model\":\"base\",\"prompt\":\"x\",\"min_p\":1.5}",
                "invalid_value|presence_penalty|{\"model\":\"base\",\"prompt\":\"x\",\"presence_penalty\":2.5}",
                "invalid_value|frequency_penalty|{\"model\":\"base\",\"prompt\":\"x\",\"frequency_penalty\":-3}",
                "invalid_value|repetition_penalty|{\"model\":\"base\",\"prompt\":\"x\",\"repetition_penalty\":0}",
                "invalid_value|min_tokens|{\"model\":\"base\",\"prompt\":\"x\",\"min_tokens\":17}",
                "invalid_value|stop_token_ids|{\"model\":\"base\",\"prompt\":\"x\",\"stop_token_ids\":[4096]}",
                "invalid_value|ignore_eos|{\"model\":\"base\",\"prompt\":\"x\",\"ignore_eos\":1}",
                "invalid_value|logit_bias|{\"model\":\"base\",\"prompt\":\"x\",\"logit_bias\":{\"4096\":1}}",
                "invalid_value|logit_bias|{\"model\":\"base\",\"prompt\":\"x\",\"logit_bias\":{\"x\":1}}",
                "invalid_value|logit_bias|{\"model\":\"base\",\"prompt\":\"x\",\"logit_bias\":{\"5\":101}}",
                "invalid_value|logit_bias|{\"model\":\"base\",\"prompt\":\"x\",\"logit_bias\":{\"5\":\"1\"}}",
                "invalid_value|logit_bias|{\"model\":\"base\",\"prompt\":\"x\",\"logit_bias\":{\"05\":1,\"5\":2}}",
                "invalid_value|echo|{\"model\":\"base\",\"prompt\":\"x\",\"echo\":1}",
                "invalid_value|logprobs|{\"model\":\"base\",\"prompt\":\"x\",\"logprobs\":21}",
                "unknown_field|max_token|{\"model\":\"base\",\"prompt\":\"x\",\"max_token\":5}",
                "unsupported_field|suffix|{\"model\":\"base\",\"prompt\":\"x\",\"suffix\":\"y\"}",
                "invalid_value|user|{\"model\":\"base\",\"prompt\":\"x\",\"user\":5}",
                "unknown_field|messages|{\"model\":\"base\",\"prompt\":\"x\",\"messages\":[]}",
                "unknown_field|best|{\"model\":\"base\",\"prompt\":\"x\",\"best\":null}",
            })
    void aBodyThatIsWrong_is400_andNamesTheField(String code, String param, String body)
            throws Exception {
        refused(http.complete(body == null ? "" : body), 400, code, param);
    }

    @Test
    void aTokenIdThatNoTokenHas_isNamedAsItWasSent() throws Exception {
        HttpResponse<String> response =
                http.complete(
                        "{\"model\":\"base\",\"prompt\":\"x\",\"stop_token_ids\":[3000000000]}");
        refused(response, 400, "invalid_value", "stop_token_ids");
        assertTrue(response.body().contains("3000000000"), response.body());
    }

    @Test
    void aBodyThatIsNoText_is400() throws Exception {
        byte[] latin =
                "{\"model\":\"base\",\"prompt\":\"é\"}".getBytes(StandardCharsets.ISO_8859_1);
        HttpRequest request = http.post("").POST(BodyPublishers.ofByteArray(latin)).build();
        refused(http.send(request), 400, "invalid_json", null);
    }

    @Test
    void aBodyNestedDeeply_is400() throws Exception {
        String deep = "{\"prompt\":" + "[".repeat(900) + "]".repeat(900) + "}";
        refused(http.complete(deep), 400, "invalid_value", "prompt");
        String deeper = "{\"x\":" + "{\"x\":".repeat(300) + "1" + "}".repeat(300) + "}";
        refused(http.complete(deeper), 400, "unknown_field", "x");
    }

    @Test
    void aPromptLongerThanTheModel_is400() throws Exception {
        try (ServerFixture large =
                new ServerFixture(adapters, new ServerLimits(2, 8, 5000, 100_000, 60, 30))) {
            HttpResponse<String> response =
                    large.http().complete(greedy("base", "int", ServerFixture.POSITIONS));
            refused(response, 400, "context_length_exceeded", "prompt");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../alpha",
                "alpha/../alpha",
                "/etc/passwd",
                "a/b",
                "a\\\\b",
                "..",
                ".",
                "",
                "alpha\\u0000",
                "~",
                "%2e%2e"
            })
    void namesThatArePaths_are400(String name) throws Exception {
        String body = "{\"model\":\"" + name + "\",\"prompt\":\"x\"}";
        refused(http.complete(body), 400, "invalid_value", "model");
    }

    @Test
    void anUnknownAdapter_is404() throws Exception {
        refused(http.complete(greedy("alpa", "x", 1)), 404, "model_not_found", "model");
    }

    @Test
    void aBrokenAdapter_is500ForItself_andIsServedOnceItIsMended() throws Exception {
        fixture.writeAdapter("broken");
        Path config = adapters.resolve("broken/adapter_config.json");
        String whole = Files.readString(config);
        Files.writeString(config, "{");
        makeOld(config.getParent());
        HttpResponse<String> response = http.complete(greedy("broken", "x", 1));
        refused(response, 500, "model_broken", null);
        assertTrue(response.body().contains("[CheckpointJson]"), response.body());
        assertTrue(!response.body().contains(adapters.toString()), response.body());
        Files.writeString(config, whole);
        assertEquals(200, http.complete(greedy("broken", "x", 1)).statusCode());
    }

    @Test
    void anAdapterOfAnotherTask_isNotServed_andTheAnswerHasTheReason() throws Exception {
        fixture.writeAdapter("classifier");
        Path config = adapters.resolve("classifier/adapter_config.json");
        String causal = Files.readString(config);
        String other = causal.replace("\"task_type\": null", "\"task_type\": \"SEQ_CLS\"");
        assertTrue(!other.equals(causal), causal);
        Files.writeString(config, other);
        HttpResponse<String> response = http.complete(greedy("classifier", "x", 1));
        refused(response, 500, "model_broken", null);
        assertTrue(response.body().contains("[AdapterTask]"), response.body());
        Files.writeString(config, other.replace("SEQ_CLS", "CAUSAL_LM"));
        assertEquals(200, http.complete(greedy("classifier", "x", 1)).statusCode());
    }

    @Test
    void anAdapterThatIsBeingWritten_isRefusedForNow_andForGoodOnceItsFilesAreOld()
            throws Exception {
        Path folder = Files.createDirectory(adapters.resolve("half"));
        Path config = folder.resolve("adapter_config.json");
        Files.writeString(config, "{\"peft_type\": \"LORA\"");
        HttpResponse<String> early = http.complete(greedy("half", "x", 1));
        refused(early, 503, "model_incomplete", null);
        assertEquals("1", early.headers().firstValue("retry-after").orElse(""));
        makeOld(folder);
        refused(http.complete(greedy("half", "x", 1)), 500, "model_broken", null);
    }

    private static void makeOld(Path folder) throws IOException {
        FileTime hourAgo = FileTime.from(Instant.now().minusSeconds(3600));
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.toList()) {
                Files.setLastModifiedTime(file, hourAgo);
            }
        }
    }

    @Test
    void headIsGetWithoutItsBody_andEveryAnswerHasADate() throws Exception {
        for (String path : List.of("/health", "/metrics", "/v1/models", "/v1/models/al%70ha")) {
            HttpRequest head =
                    HttpRequest.newBuilder(http.uri(path))
                            .method("HEAD", BodyPublishers.noBody())
                            .build();
            HttpResponse<String> answer = http.send(head);
            assertEquals(200, answer.statusCode(), path);
            assertEquals("", answer.body());
            assertTrue(answer.headers().firstValueAsLong("content-length").orElse(0) > 10, path);
            String date = answer.headers().firstValue("date").orElse("");
            Instant time = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(date));
            assertTrue(Duration.between(time, Instant.now()).toSeconds() < 60, date);
        }
        assertEquals(404, http.get("/v1/models/al%2Fpha").statusCode());
    }

    @Test
    void anotherPath_is404_andAnotherMethod405() throws Exception {
        refused(http.get("/nothing"), 404, "not_found", null);
        refused(http.get("/v1/completions/x"), 404, "not_found", null);
        HttpResponse<String> get = http.get("/v1/completions");
        refused(get, 405, "method_not_allowed", null);
        assertEquals("POST", get.headers().firstValue("allow").orElse(""));
        HttpRequest post =
                HttpRequest.newBuilder(http.uri("/metrics"))
                        .POST(BodyPublishers.ofString("x"))
                        .build();
        HttpResponse<String> answer = http.send(post);
        refused(answer, 405, "method_not_allowed", null);
        assertEquals("GET, HEAD", answer.headers().firstValue("allow").orElse(""));
    }

    @Test
    void aBodyOfAnotherType_is415() throws Exception {
        for (String type : List.of("text/plain", "application/x-www-form-urlencoded")) {
            HttpRequest request =
                    HttpRequest.newBuilder(http.uri("/v1/completions"))
                            .header("content-type", type)
                            .POST(BodyPublishers.ofString(greedy("base", "x", 1)))
                            .build();
            refused(http.send(request), 415, "not_json", null);
        }
        HttpRequest none =
                HttpRequest.newBuilder(http.uri("/v1/completions"))
                        .POST(BodyPublishers.ofString(greedy("base", "x", 1)))
                        .build();
        refused(http.send(none), 415, "not_json", null);
    }

    @Test
    void aBodyWithoutEnd_isCutOff() throws Exception {
        try (RawCall endless = RawCall.open(http.port())) {
            endless.send(
                    "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
                            + "\r\nTransfer-Encoding: chunked\r\n\r\n");
            String chunk = "400\r\n" + "x".repeat(1024) + "\r\n";
            assertTrue(endless.sendUntilClosed(chunk, 100_000), "still taken after 100 MB");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/9.9\r\n\r\n",
                "nonsense\r\n\r\n",
                "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
                "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
            })
    void whatIsNoHttp_isRefusedOrCutOff(String bytes) throws Exception {
        try (RawCall call = RawCall.open(http.port())) {
            String line = call.send(bytes).line();
            assertTrue(line == null || line.matches("HTTP/\\d\\.\\d [45]\\d\\d .*"), line);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "400,invalid_http",
        "414,path_too_long",
        "431,headers_too_large",
    })
    void whatIsNoHttp_isRefusedInJson(int status, String code) throws Exception {
        String head =
                status == 414
                        ? "GET /" + "x".repeat(5000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
                        : "GET /health HTTP/1.1\r\nHost: localhost\r\n"
                                + (status == 431 ? "X: " + "x".repeat(9000) : "Content-Length: x")
                                + "\r\n\r\n";
        try (RawCall call = RawCall.open(http.port())) {
            String line = call.send(head).line();
            assertTrue(line.matches("HTTP/1\\.[01] " + status + " .*"), line);
            call.awaitLine("\"code\":\"" + code + "\"");
        }
    }

    @Test
    void aBodyThatIsTooLarge_is413() throws Exception {
        String large = greedy("base", "x".repeat(5000), 1);
        refused(http.complete(large), 413, "body_too_large", null);
        HttpRequest chunked =
                http.post("")
                        .POST(
                                BodyPublishers.ofByteArrays(
                                        List.of(
                                                large.substring(0, 1500)
                                                        .getBytes(StandardCharsets.UTF_8),
                                                large.substring(1500)
                                                        .getBytes(StandardCharsets.UTF_8))))
                        .build();
        refused(http.send(chunked), 413, "body_too_large", null);
        // A client that asks first does not have to send it; that of the JDK would wait for ever.
        String head =
                String.join(
                        "\r\n",
                        "POST /v1/completions HTTP/1.1",
                        "Host: localhost",
                        "Content-Type: application/json",
                        "Content-Length: 5000",
                        "Expect: 100-continue",
                        "",
                        "");
        try (RawCall asking = RawCall.open(http.port())) {
            assertEquals("HTTP/1.1 413 Request Entity Too Large", asking.send(head).line());
        }
        HttpRequest small = http.post(greedy("base", "x", 1)).expectContinue(true).build();
        assertEquals(200, http.send(small).statusCode());
    }
}
