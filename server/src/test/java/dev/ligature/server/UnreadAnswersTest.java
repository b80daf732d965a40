package dev.ligature.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.server.settings.ServerLimits;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What answers take until their clients have them. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class UnreadAnswersTest {
    private static final int REQUESTS = 8;

    @TempDir Path adapters;

    private static String tokens(int characters) {
        return "{\"return_token_strs\":true,\"prompt\":\"" + "a;".repeat(characters / 2) + "\"}";
    }

    /** Asks for more than the system keeps of what nobody reads, in one connection. */
    private static RawCall unread(ServerFixture fixture) throws Exception {
        RawCall call = RawCall.narrow(fixture.server().port());
        for (int i = 0; i < REQUESTS; i++) {
            send(call, tokens(250_000));
        }
        ServerFixture.await(() -> !fixture.isZero("ligature_running"));
        Thread.sleep(1500); // and then nothing more happens
        return call;
    }

    private static void send(RawCall call, String body) throws Exception {
        call.send(
                "POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Content-Length: "
                        + body.length()
                        + "\r\n\r\n"
                        + body);
    }

    @Test
    void aRequestHasItsPlace_untilItsAnswerIsWritten() throws Exception {
        try (ServerFixture fixture =
                new ServerFixture(adapters, new ServerLimits(2, 4, 50, 1 << 20, 60, 30))) {
            RawCall call = unread(fixture);
            assertTrue(fixture.metric("ligature_running") > 0);
            assertTrue(fixture.metric("ligature_answer_bytes") > 1_000_000);
            assertEquals(200, fixture.http().get("/health").statusCode());
            for (int i = 0; i < REQUESTS; i++) {
                call.awaitLine("token_strs");
            }
            ServerFixture.await(() -> fixture.isZero("ligature_running"));
            assertEquals(0, fixture.metric("ligature_answer_bytes"));
            assertEquals(REQUESTS, fixture.metric("ligature_responses_total{status=\"200\"}"));
            call.close();
        }
    }

    @Test
    void aClientThatDoesNotReadInTime_isCutOff() throws Exception {
        try (ServerFixture fixture =
                new ServerFixture(adapters, new ServerLimits(2, 4, 50, 1 << 20, 6, 30))) {
            long began = System.nanoTime();
            RawCall call = unread(fixture);
            assertTrue(fixture.metric("ligature_running") > 0);
            ServerFixture.await(() -> fixture.isZero("ligature_running"));
            double seconds = (System.nanoTime() - began) / 1e9;
            assertTrue(seconds < 10, seconds + " s; an idle connection would have 11");
            assertEquals(0, fixture.metric("ligature_answer_bytes"));
            assertTrue(fixture.metric("ligature_responses_total{status=\"499\"}") > 0);
            call.close();
        }
    }

    private static void post(RawCall call, String path, String body) throws Exception {
        call.send(
                "POST "
                        + path
                        + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Content-Length: "
                        + body.length()
                        + "\r\n\r\n"
                        + body);
    }

    private ServerFixture fixture(int seconds) throws Exception {
        return new ServerFixture(adapters, new ServerLimits(8, 16, 400, 1 << 20, seconds, 30));
    }

    /** Waits until nothing is made any more, and some bytes of answers are not read. */
    private static void awaitUnread(ServerFixture fixture, long least) throws Exception {
        ServerFixture.await(() -> isIdle(fixture) && bytes(fixture) > least && isIdle(fixture));
    }

    /** Asked twice, as another request may have begun when the bytes are read. */
    private static boolean isIdle(ServerFixture fixture) {
        return fixture.isZero("ligature_running");
    }

    private static long bytes(ServerFixture fixture) {
        try {
            return fixture.metric("ligature_answer_bytes");
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** An answer of eight long texts, with the probabilities of twenty tokens for each token. */
    private static String chat(boolean stream) {
        return "{\"model\":\"base\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"n\":8,"
                + "\"max_tokens\":400,\"logprobs\":true,\"top_logprobs\":20,\"temperature\":0,"
                + "\"ignore_eos\":true,\"stream\":"
                + stream
                + "}";
    }

    /** An answer of two short texts, with their long prompt and its probabilities. */
    private static String echo() {
        return "{\"model\":\"base\",\"prompt\":\""
                + "a;".repeat(1500)
                + "\",\"max_tokens\":1,\"n\":2,\"echo\":true,\"logprobs\":20,\"temperature\":0}";
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/completions", "/v1/chat/completions"})
    void aWholeCompletion_hasRoom_untilItIsReadOrItsTimeIsOver(String path) throws Exception {
        String body = path.contains("chat") ? chat(false) : echo();
        try (ServerFixture fixture = fixture(12)) {
            RawCall call = RawCall.narrow(fixture.server().port());
            for (int i = 0; i < 3; i++) {
                post(call, path, body);
            }
            awaitUnread(fixture, 1_000_000);
            ServerFixture.await(() -> bytes(fixture) == 0);
            assertEquals(
                    200, fixture.http().complete(HttpCalls.greedy("base", "x", 2)).statusCode());
            assertEquals(0, bytes(fixture));
            call.close();
        }
    }

    @Test
    void eventsThatNobodyReads_takeRoom_untilTheTimeOfTheirRequestIsOver() throws Exception {
        try (ServerFixture fixture = fixture(12)) {
            RawCall call = RawCall.narrow(fixture.server().port());
            for (int i = 0; i < 3; i++) {
                post(call, "/v1/chat/completions", chat(true));
            }
            awaitUnread(fixture, 10_000);
            ServerFixture.await(() -> bytes(fixture) == 0);
            call.close();
        }
    }

    @Test
    void eventsThatAreReadLate_areAllThere() throws Exception {
        try (ServerFixture fixture = fixture(60)) {
            RawCall call = RawCall.narrow(fixture.server().port());
            for (int i = 0; i < 2; i++) {
                post(call, "/v1/chat/completions", chat(true));
            }
            ServerFixture.await(() -> bytes(fixture) > 10_000);
            call.awaitLine("[DONE]");
            call.awaitLine("[DONE]");
            ServerFixture.await(() -> bytes(fixture) == 0);
            assertEquals(2, fixture.metric("ligature_responses_total{status=\"200\"}"));
            call.close();
        }
    }

    @Test
    void listsOfModels_takeRoomToo() throws Exception {
        for (int i = 0; i < 1000; i++) {
            Path folder = Files.createDirectory(adapters.resolve("adapter-" + i));
            Files.writeString(folder.resolve("adapter_config.json"), "{}");
        }
        try (ServerFixture fixture = fixture(12)) {
            RawCall call = RawCall.narrow(fixture.server().port());
            for (int i = 0; i < 100; i++) {
                call.send("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
            }
            ServerFixture.await(() -> bytes(fixture) > 100_000);
            Thread.sleep(500);
            assertTrue(bytes(fixture) > 100_000, "a list waits for its client");
            call.close();
            ServerFixture.await(() -> bytes(fixture) == 0);
        }
    }
}
