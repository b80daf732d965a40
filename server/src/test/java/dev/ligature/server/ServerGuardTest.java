package dev.ligature.server;

import static dev.ligature.server.HttpCalls.error;
import static dev.ligature.server.HttpCalls.greedy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.server.settings.ServerLimits;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Strangers' pages, and clients that begin a body and do not end it. */
final class ServerGuardTest {
    private static final int BODY = 10_000;

    @TempDir static Path adapters;
    @TempDir static Path more;
    private static ServerFixture fixture;

    @BeforeAll
    static void open() throws Exception {
        // Two requests at most, and so memory for two bodies.
        fixture = new ServerFixture(adapters, new ServerLimits(1, 1, 50, BODY, 3, 30));
    }

    @AfterAll
    static void close() throws Exception {
        fixture.awaitIdle();
        fixture.close();
    }

    @ParameterizedTest
    @CsvSource({
        "200,localhost,",
        "200,LOCALHOST:8080,",
        "200,127.0.0.1:1,",
        "200,[::1]:80,",
        "200,10.0.0.7,",
        "200,localhost,http://localhost:3000",
        "200,127.0.0.1,http://127.0.0.1",
        "200,10.0.0.7,http://10.0.0.7:8080",
        "403,evil.example,",
        "403,localhost.evil.example,",
        "403,127.0.0.1.evil.example,",
        "403,'',",
        "403,localhost,http://evil.example",
        "403,localhost,http://203.0.113.5",
        "403,localhost,null",
        "403,localhost,http://localhost.evil.example",
    })
    void hostsAndOrigins_areChecked(int status, String host, String origin) throws Exception {
        try (RawCall call = RawCall.open(fixture.server().port())) {
            String more = origin == null ? "" : "Origin: " + origin + "\r\n";
            call.send("GET /v1/models HTTP/1.1\r\nHost: " + host + "\r\n" + more + "\r\n");
            assertTrue(call.line().startsWith("HTTP/1.1 " + status + " "), host + " " + origin);
        }
    }

    @Test
    void twoHosts_areRefused() throws Exception {
        try (RawCall call = RawCall.open(fixture.server().port())) {
            call.send("GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n");
            assertTrue(call.line().startsWith("HTTP/1.1 400 "));
        }
    }

    @Test
    void bodiesThatDoNotEnd_takeLimitedMemory_andTheirTimeEnds() throws Exception {
        String begun =
                "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                        + "Content-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
                        + "x".repeat(9_000);
        List<RawCall> calls = new ArrayList<>();
        try {
            for (int i = 0; i < 4; i++) {
                calls.add(RawCall.open(fixture.server().port()).send(begun));
            }
            int busy = 0;
            int late = 0;
            for (RawCall call : calls) {
                String line = call.line();
                assertNotNull(line);
                busy += line.startsWith("HTTP/1.1 503 ") ? 1 : 0;
                late += line.startsWith("HTTP/1.1 408 ") ? 1 : 0;
            }
            assertEquals(2, busy, "there is memory for two");
            assertEquals(2, late);
        } finally {
            for (RawCall call : calls) {
                call.close();
            }
        }
        assertEquals(200, fixture.http().get("/health").statusCode());
        assertEquals(200, fixture.http().complete(greedy("base", "x", 2)).statusCode());
    }

    @Test
    void aClientThatTrickles_isCutOffAfterTheAnswer() throws Exception {
        try (RawCall call = RawCall.open(fixture.server().port())) {
            call.send(
                    "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                            + "Content-Type: application/json\r\nContent-Length: "
                            + BODY
                            + "\r\n\r\n");
            boolean closed = false;
            for (int i = 0; i < 100 && !closed; i++) { // the body's time is three seconds
                closed = call.sendUntilClosed("x", 1);
                Thread.sleep(100);
            }
            assertTrue(closed, "open for ten seconds");
        }
    }

    @Test
    void memoryOfClientsThatWentAway_isFreeAgain() throws Exception {
        String begun =
                "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                        + "Content-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
                        + "x".repeat(9_000);
        for (int i = 0; i < 20; i++) {
            RawCall.open(fixture.server().port()).send(begun).close();
        }
        String large = greedy("base", "x", 2).replace("}", " ".repeat(9_000) + "}");
        ServerFixture.await(
                () -> {
                    try {
                        return fixture.http().complete(large).statusCode() == 200;
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                });
    }

    @Test
    void aTextThatCannotFit_isRefusedBeforeTokensAreMadeOfIt() throws Exception {
        // 66 bytes are the longest token of the demo's tokenizer, and 4,000 the positions.
        int most = 66 * ServerFixture.POSITIONS;
        ServerLimits large = new ServerLimits(1, 1, 50, 1 << 20, 30, 30);
        try (ServerFixture other = new ServerFixture(more, large)) {
            HttpResponse<String> beyond =
                    other.http().complete(greedy("base", "x".repeat(most + 1), 1));
            assertEquals(400, beyond.statusCode());
            assertEquals("context_length_exceeded", error(beyond).get("code").getAsString());
            String message = error(beyond).get("message").getAsString();
            assertTrue(message.startsWith("The text has 264001 characters"), message);
            for (String field : List.of("prompt", "messages")) {
                String text = "\"" + "x".repeat(most + 1) + "\"";
                String value =
                        field.equals("prompt")
                                ? text
                                : "[{\"role\":\"user\",\"content\":" + text + "}]";
                String body = "{\"" + field + "\":" + value + "}";
                HttpResponse<String> tokens =
                        other.http().send(other.http().post("/tokenize", body).build());
                assertEquals(400, tokens.statusCode());
                assertEquals(field, error(tokens).get("param").getAsString());
                message = error(tokens).get("message").getAsString();
                assertTrue(message.contains("characters, and its tokens are more"), message);
                assertTrue(message.endsWith("Send the text in parts."), message);
            }
            HttpResponse<String> counted =
                    other.http().complete(greedy("base", "ä ".repeat(8000), 1));
            message = error(counted).get("message").getAsString();
            assertTrue(message.matches("The prompt's \\d+ tokens and max_tokens.*"), message);
        }
    }

    @Test
    void connectionsBeyondTheLimit_areClosedAtOnce() throws Exception {
        ServerLimits three = new ServerLimits(1, 1, 50, BODY, 30, 30, 3);
        try (ServerFixture other = new ServerFixture(more, three)) {
            int port = other.server().port();
            try (RawCall first = RawCall.open(port);
                    RawCall second = RawCall.open(port);
                    RawCall third = RawCall.open(port);
                    RawCall fourth = RawCall.open(port)) {
                String get = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
                for (RawCall call : List.of(first, second, third)) {
                    assertEquals("HTTP/1.1 200 OK", call.send(get).line());
                }
                assertTrue(fourth.sendUntilClosed(get, 1) || fourth.line() == null);
            }
            ServerFixture.await(() -> isAnswered(other.http()));
        }
    }

    private static boolean isAnswered(HttpCalls calls) {
        try {
            return calls.get("/health").statusCode() == 200;
        } catch (IOException closed) {
            return false;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
