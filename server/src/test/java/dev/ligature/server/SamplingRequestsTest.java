package dev.ligature.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.google.gson.JsonObject;
import dev.ligature.server.settings.ServerLimits;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each request's own way to choose tokens. */
final class SamplingRequestsTest {
    private static final String TEXT = "int max(";

    @TempDir static Path adapters;
    private static ServerFixture fixture;
    private static HttpCalls http;

    @BeforeAll
    static void open() throws Exception {
        fixture = new ServerFixture(adapters, new ServerLimits(8, 64, 100, 20_000, 60, 30));
        http = fixture.http();
    }

    @AfterAll
    static void close() throws Exception {
        fixture.awaitIdle();
        fixture.close();
    }

    private static JsonObject completed(String fields) throws Exception {
        HttpResponse<String> response = http.complete(request("alpha", fields));
        assertEquals(200, response.statusCode(), response.body());
        return HttpCalls.json(response.body());
    }

    private static String request(String model, String fields) {
        return "{\"model\":\"%s\",\"prompt\":\"%s\",\"max_tokens\":6,%s}"
                .formatted(model, TEXT, fields);
    }

    private static JsonObject choice(String fields) throws Exception {
        return HttpCalls.choice(completed(fields));
    }

    private static String text(String fields) throws Exception {
        return choice(fields).get("text").getAsString();
    }

    @Test
    void whatLeavesOneToken_givesTheLikeliest() throws Exception {
        String likeliest = fixture.alone("alpha", TEXT, 6);

        assertNotEquals(likeliest, text("\"seed\":1"));
        assertEquals(likeliest, text("\"seed\":1,\"top_k\":1"));
        assertEquals(likeliest, text("\"seed\":1,\"top_p\":1e-9"));
        assertEquals(likeliest, text("\"seed\":1,\"min_p\":1"));
        assertEquals(
                likeliest,
                text("\"temperature\":0,\"top_k\":-1,\"logit_bias\":{},\"presence_penalty\":0"));
        assertNotEquals(likeliest, text("\"temperature\":0,\"repetition_penalty\":100"));
    }

    @Test
    void penaltiesOfTheLargestKind_leaveNoTokenTwice() throws Exception {
        long token = fixture.tokens("return")[0];
        String biased = "\"temperature\":0,\"logit_bias\":{\"" + token + "\":100}";

        assertEquals("return".repeat(6), text(biased).replace(" ", ""));
        assertNotEquals(
                text(biased), text(biased + ",\"presence_penalty\":2,\"repetition_penalty\":100"));
    }

    @Test
    void tokensEndTheText_butNotBeforeTheLeast() throws Exception {
        long token = fixture.tokens("return")[0];
        String ends = "\"temperature\":0,\"logit_bias\":{\"" + token + "\":100}";
        String stop = ends + ",\"stop_token_ids\":[" + token + "]";

        assertEquals("stop", choice(stop).get("finish_reason").getAsString());
        assertEquals("", text(stop));
        JsonObject later = completed(stop + ",\"min_tokens\":3");
        assertEquals(3, later.getAsJsonObject("usage").get("completion_tokens").getAsInt());
        assertEquals("length", choice(ends).get("finish_reason").getAsString());
    }

    @Test
    void anAdapterWhoseNumbersOverflow_failsItsOwnRequests() throws Exception {
        fixture.writeAdapter("huge", 1e30f);
        String right = fixture.alone("alpha", TEXT, 6);
        List<CompletableFuture<HttpResponse<String>>> others = new ArrayList<>();
        List<CompletableFuture<HttpResponse<String>>> own = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            own.add(http.completeLater(request("huge", "\"temperature\":" + i % 2)));
            others.add(http.completeLater(request("alpha", "\"temperature\":0")));
        }

        for (CompletableFuture<HttpResponse<String>> broken : own) {
            assertEquals(500, broken.get().statusCode(), broken.get().body());
            JsonObject error = HttpCalls.error(broken.get());
            assertEquals("logits_not_finite", error.get("code").getAsString());
        }
        for (CompletableFuture<HttpResponse<String>> whole : others) {
            assertEquals(right, HttpCalls.text(whole.get().body()));
        }
    }
}
