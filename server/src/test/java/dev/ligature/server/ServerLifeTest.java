package dev.ligature.server;

import static dev.ligature.server.HttpCalls.choice;
import static dev.ligature.server.HttpCalls.error;
import static dev.ligature.server.HttpCalls.events;
import static dev.ligature.server.HttpCalls.greedy;
import static dev.ligature.server.HttpCalls.json;
import static dev.ligature.server.HttpCalls.streamed;
import static dev.ligature.server.HttpCalls.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.server.settings.ServerLimits;
import dev.ligature.store.AdapterLease;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that go away or do not read, a server that is full, that stops and starts again. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ServerLifeTest {
    private static final int LONG = 3500; // tokens, which take seconds
    private static final ServerLimits ONE = new ServerLimits(1, 1, LONG, 10_000, 60, 30);
    private static final ServerLimits TWO = new ServerLimits(2, 4, LONG, 10_000, 60, 30);

    @TempDir Path adapters;

    private final ExecutorService pool = Executors.newCachedThreadPool();

    @AfterEach
    void shutDown() throws InterruptedException {
        pool.shutdownNow();
        assertTrue(pool.awaitTermination(30, TimeUnit.SECONDS));
    }

    private Future<HttpResponse<String>> later(HttpCalls http, String body) {
        return pool.submit(() -> http.complete(body));
    }

    private static boolean is(ServerFixture fixture, String name, long value) {
        try {
            return fixture.metric(name) == value;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void anAbortedRequest_freesItsPlaceAndItsAdapter() throws Exception {
        try (ServerFixture fixture = new ServerFixture(adapters, TWO)) {
            fixture.http().complete(greedy("alpha", "int", 1));
            int idle = fixture.liveArrays();
            try (RawCall streaming = RawCall.open(fixture.server().port());
                    RawCall whole = RawCall.open(fixture.server().port())) {
                streaming.post(streamed("alpha", "int", LONG)).awaitLine("data: ");
                whole.post(greedy("alpha", "int", LONG));
                ServerFixture.await(() -> !fixture.isZero("ligature_rows") && leased(fixture) == 1);
            }
            fixture.awaitIdle();
            assertEquals(2, fixture.metric("ligature_aborted_total"));
            assertTrue(fixture.metric("ligature_new_tokens_total") > 2, "one token, and theirs");
            assertEquals(2, fixture.metric("ligature_responses_total{status=\"499\"}"));
            assertEquals(idle, fixture.liveArrays());
            assertEquals(
                    fixture.alone("alpha", "int", 4),
                    text(fixture.http().complete(greedy("alpha", "int", 4)).body()));
        }
    }

    private static int leased(ServerFixture fixture) {
        return fixture.store().statistics().leasedCount();
    }

    @Test
    void aClientThatDoesNotRead_holdsUpNobody() throws Exception {
        try (ServerFixture fixture = new ServerFixture(adapters, TWO);
                RawCall slow = RawCall.open(fixture.server().port())) {
            slow.post(streamed("alpha", "int", 800));
            ServerFixture.await(() -> !fixture.isZero("ligature_rows"));
            HttpResponse<String> other = fixture.http().complete(greedy("beta", "int", 3));
            assertEquals(fixture.alone("beta", "int", 3), text(other.body()));
            fixture.awaitIdle(); // its row ends although nobody has read a byte of it
            slow.awaitLine("[DONE]"); // and nothing of it is lost
        }
    }

    @Test
    void moreRequestsThanTheServerTakesOn_are429() throws Exception {
        try (ServerFixture fixture = new ServerFixture(adapters, ONE)) {
            RawCall running = RawCall.open(fixture.server().port());
            running.post(streamed("alpha", "int", LONG)).awaitLine("data: ");
            Future<HttpResponse<String>> waiting = later(fixture.http(), greedy("beta", "int", 2));
            ServerFixture.await(() -> is(fixture, "ligature_waiting", 1));
            HttpResponse<String> third = fixture.http().complete(greedy("beta", "int", 2));
            assertEquals(429, third.statusCode());
            assertEquals("too_many_requests", error(third).get("code").getAsString());
            assertEquals("rate_limit_error", error(third).get("type").getAsString());
            assertEquals("1", third.headers().firstValue("retry-after").orElse(""));
            running.close();
            assertEquals(fixture.alone("beta", "int", 2), text(waiting.get().body()));
            assertEquals(200, fixture.http().complete(greedy("beta", "int", 2)).statusCode());
        }
    }

    @Test
    void anAdapterForWhichThereIsNoRoom_isWaitedFor_andOthersAreServedMeanwhile() throws Exception {
        try (ServerFixture fixture =
                new ServerFixture(adapters, TWO, ServerFixture.ADAPTER_BYTES)) {
            RawCall running = RawCall.open(fixture.server().port());
            running.post(streamed("alpha", "int", LONG)).awaitLine("data: ");
            Future<HttpResponse<String>> other = later(fixture.http(), greedy("beta", "int", 2));
            ServerFixture.await(() -> is(fixture, "ligature_waiting", 1));
            assertEquals(200, fixture.http().complete(greedy("alpha", "int", 2)).statusCode());
            assertEquals(200, fixture.http().complete(greedy("base", "int", 2)).statusCode());
            assertTrue(is(fixture, "ligature_waiting", 1));
            running.close();
            assertEquals(fixture.alone("beta", "int", 2), text(other.get().body()));
            fixture.awaitIdle();
        }
    }

    @Test
    void anAdapterForWhichNoRequestMakesRoom_is503() throws Exception {
        try (ServerFixture fixture = new ServerFixture(adapters, TWO, ServerFixture.ADAPTER_BYTES);
                AdapterLease pinned = fixture.store().lease("alpha")) {
            HttpResponse<String> other = fixture.http().complete(greedy("beta", "int", 2));
            assertEquals(503, other.statusCode());
            assertEquals("no_room", error(other).get("code").getAsString());
            assertEquals("1", other.headers().firstValue("retry-after").orElse(""));
            assertEquals("alpha", pinned.name());
        }
    }

    @Test
    void moreAdaptersThanThereIsRoomFor_areAllServed() throws Exception {
        ServerLimits limits = new ServerLimits(16, 64, LONG, 10_000, 60, 30);
        try (ServerFixture fixture =
                new ServerFixture(adapters, limits, 10 * ServerFixture.ADAPTER_BYTES)) {
            List<Future<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                fixture.writeAdapter("adapter-" + i);
            }
            for (int i = 0; i < 32; i++) {
                answers.add(later(fixture.http(), greedy("adapter-" + i, "int", 20)));
            }
            for (int i = 0; i < 32; i++) {
                HttpResponse<String> answer = answers.get(i).get();
                assertEquals(200, answer.statusCode(), answer.body());
                if (i % 8 == 0) {
                    assertEquals(fixture.alone("adapter-" + i, "int", 20), text(answer.body()));
                }
            }
            fixture.awaitIdle();
        }
    }

    @Test
    void anAdapterOfAnUnwrappedModel_isBroken_andNotWithoutRoom() throws Exception {
        try (ServerFixture fixture = new ServerFixture(adapters, TWO)) {
            fixture.lora().unwrap();
            HttpResponse<String> broken = fixture.http().complete(greedy("alpha", "int", 2));
            assertEquals(500, broken.statusCode(), broken.body());
            assertEquals("model_broken", error(broken).get("code").getAsString());
        }
    }

    @Test
    void aRequestThatTakesTooLong_is503() throws Exception {
        ServerLimits hasty = new ServerLimits(2, 4, LONG, 10_000, 1, 30);
        try (ServerFixture fixture = new ServerFixture(adapters, hasty);
                RawCall silent = RawCall.open(fixture.server().port())) {
            silent.send("POST /v1/completions HTTP/1.1\r\nHost:");
            HttpResponse<String> late = fixture.http().complete(greedy("alpha", "int", LONG));
            assertEquals(503, late.statusCode());
            assertEquals("timeout", error(late).get("code").getAsString());
            List<String> events =
                    events(fixture.http().complete(streamed("alpha", "int", LONG)).body());
            assertEquals(
                    "timeout",
                    json(events.get(events.size() - 1))
                            .getAsJsonObject("error")
                            .get("code")
                            .getAsString());
            fixture.awaitIdle();
            assertEquals(1, fixture.metric("ligature_responses_total{status=\"503\"}"));
            assertEquals(1, fixture.metric("ligature_responses_total{status=\"200\"}"));
            assertEquals(1, fixture.metric("ligature_broken_streams_total"));
            assertNull(silent.line(), "a client that says nothing is cut off");
        }
    }

    @Test
    void aServerThatStops_finishesWhatRuns_andTakesNothingMore() throws Exception {
        try (ServerFixture fixture = new ServerFixture(adapters, TWO)) {
            HttpCalls http = fixture.http();
            Future<HttpResponse<String>> whole = later(http, greedy("alpha", "int", 600));
            Future<HttpResponse<String>> stream = later(http, streamed("beta", "int", 600));
            ServerFixture.await(() -> is(fixture, "ligature_rows", 2));
            Future<HttpResponse<String>> queued = later(http, greedy("base", "int", 5));
            ServerFixture.await(() -> is(fixture, "ligature_waiting", 1));
            Future<?> stopping =
                    pool.submit(
                            () -> {
                                fixture.server().stop();
                                return null;
                            });
            ServerFixture.await(() -> isRefused(http));
            stopping.get();
            assertThrows(IOException.class, () -> http.get("/health"));
            assertEquals(fixture.alone("alpha", "int", 600), text(whole.get().body()));
            assertEquals(fixture.alone("base", "int", 5), text(queued.get().body()));
            List<String> events = events(stream.get().body());
            assertEquals("[DONE]", events.get(events.size() - 1));
        }
    }

    /** Returns whether a completion is refused because the server stops. */
    private static boolean isRefused(HttpCalls http) {
        try {
            HttpResponse<String> health = http.get("/health");
            HttpResponse<String> response = http.complete(greedy("base", "int", 1));
            if (response.statusCode() == 503) {
                assertEquals("stopping", error(response).get("code").getAsString());
            }
            return health.statusCode() == 503 && response.statusCode() == 503;
        } catch (IOException gone) {
            return true;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aServerThatMayNotWait_endsWhatRunsWithAnError() throws Exception {
        ServerLimits impatient = new ServerLimits(2, 4, LONG, 10_000, 60, 0);
        try (ServerFixture fixture = new ServerFixture(adapters, impatient)) {
            HttpCalls http = fixture.http();
            Future<HttpResponse<String>> whole = later(http, greedy("alpha", "int", LONG));
            Future<HttpResponse<String>> stream = later(http, streamed("beta", "int", LONG));
            ServerFixture.await(() -> is(fixture, "ligature_rows", 2));
            fixture.server().stop();
            assertEquals(503, whole.get().statusCode());
            assertEquals("stopping", error(whole.get()).get("code").getAsString());
            String body = stream.get().body();
            assertTrue(body.contains("\"code\":\"stopping\"") && !body.contains("[DONE]"), body);
        }
    }

    @Test
    void aServerStartsAgain_onTheSamePort_asOftenAsOneLikes() throws Exception {
        try (ServerFixture fixture = new ServerFixture(adapters, TWO)) {
            int port = fixture.server().port();
            String expected = fixture.alone("gamma", "int", 3);
            int arrays = -1;
            for (int round = 0; round < 3; round++) {
                assertEquals(
                        expected, text(fixture.http().complete(greedy("gamma", "int", 3)).body()));
                fixture.server().stop();
                if (arrays >= 0) {
                    assertEquals(arrays, fixture.liveArrays());
                }
                arrays = fixture.liveArrays();
                fixture.start(port, TWO);
                assertEquals(port, fixture.server().port());
            }
        }
    }

    @Test
    void aPortThatIsTaken_isAnErrorThatNamesIt() throws Exception {
        try (ServerFixture fixture = new ServerFixture(adapters, TWO)) {
            int port = fixture.server().port();
            CompletionServer first = fixture.server();
            IOException taken = assertThrows(IOException.class, () -> fixture.start(port, TWO));
            assertTrue(
                    String.valueOf(taken.getMessage())
                            .startsWith("The server cannot listen on 127.0.0.1:" + port),
                    taken.getMessage());
            assertEquals(first, fixture.server());
            assertEquals("base", choiceModel(fixture));
        }
    }

    private static String choiceModel(ServerFixture fixture) throws Exception {
        String body = fixture.http().complete(greedy("base", "int", 1)).body();
        assertEquals("length", choice(json(body)).get("finish_reason").getAsString());
        return json(body).get("model").getAsString();
    }
}
