package dev.ligature.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.ligature.server.settings.ServerLimits;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

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
}
