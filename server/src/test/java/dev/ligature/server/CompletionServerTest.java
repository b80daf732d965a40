package dev.ligature.server;

import static dev.ligature.server.HttpCalls.choice;
import static dev.ligature.server.HttpCalls.events;
import static dev.ligature.server.HttpCalls.greedy;
import static dev.ligature.server.HttpCalls.json;
import static dev.ligature.server.HttpCalls.streamed;
import static dev.ligature.server.HttpCalls.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.ligature.server.internal.metrics.Exposition;
import dev.ligature.server.settings.ServerLimits;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the server answers to requests that are right. */
final class CompletionServerTest {
    private static final String PROMPT = "public static int max(int a, int b) {";
    private static final List<String> MODELS = List.of("base", "alpha", "beta", "gamma");

    @TempDir static Path adapters;
    private static ServerFixture fixture;
    private static HttpCalls http;

    @BeforeAll
    static void open() throws Exception {
        fixture = new ServerFixture(adapters, new ServerLimits(4, 64, 3000, 10_000, 60, 30));
        http = fixture.http();
    }

    @AfterAll
    static void close() throws Exception {
        fixture.awaitIdle();
        fixture.close();
    }

    @Test
    void aCompletion_isWhatItsModelGivesAlone() throws Exception {
        Set<String> texts = new HashSet<>();
        for (String model : MODELS) {
            HttpResponse<String> response = http.complete(greedy(model, PROMPT, 9));
            assertEquals(200, response.statusCode(), response.body());
            assertEquals(
                    "application/json; charset=utf-8",
                    response.headers().firstValue("content-type").orElse(""));
            JsonObject body = json(response.body());
            assertEquals(fixture.alone(model, PROMPT, 9), text(response.body()));
            assertTrue(body.get("id").getAsString().startsWith("cmpl-"));
            assertEquals("text_completion", body.get("object").getAsString());
            assertEquals(model, body.get("model").getAsString());
            assertEquals("length", choice(body).get("finish_reason").getAsString());
            assertEquals(0, choice(body).get("index").getAsInt());
            assertTrue(choice(body).get("logprobs").isJsonNull());
            JsonObject usage = body.getAsJsonObject("usage");
            int prompt = fixture.tokens(PROMPT).length;
            assertEquals(prompt, usage.get("prompt_tokens").getAsInt());
            assertEquals(9, usage.get("completion_tokens").getAsInt());
            assertEquals(prompt + 9, usage.get("total_tokens").getAsInt());
            texts.add(text(response.body()));
        }
        assertEquals(MODELS.size(), texts.size(), "the adapters make a difference");
    }

    @Test
    void requestsThatArriveTogether_areComputedTogether_andGiveWhatEachGivesAlone()
            throws Exception {
        Random random = new Random(3);
        List<String> bodies = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            String model = MODELS.get(random.nextInt(MODELS.size()));
            String prompt = PROMPT.substring(0, 1 + random.nextInt(PROMPT.length() - 1));
            int tokens = 1 + random.nextInt(30);
            bodies.add(
                    i % 2 == 0 ? greedy(model, prompt, tokens) : streamed(model, prompt, tokens));
            expected.add(fixture.alone(model, prompt, tokens));
        }
        long steps = fixture.metric("ligature_steps_total");
        long rows = fixture.metric("ligature_step_rows_total");
        ExecutorService pool = Executors.newFixedThreadPool(bodies.size());
        try {
            List<Future<String>> answers = new ArrayList<>();
            for (String body : bodies) {
                answers.add(pool.submit(() -> http.complete(body).body()));
            }
            for (int i = 0; i < bodies.size(); i++) {
                String body = answers.get(i).get();
                assertEquals(expected.get(i), i % 2 == 0 ? text(body) : joined(body));
            }
        } finally {
            pool.shutdownNow();
        }
        double together =
                (double) (fixture.metric("ligature_step_rows_total") - rows)
                        / (fixture.metric("ligature_steps_total") - steps);
        assertTrue(together > 1.5, "only " + together + " rows a step");
    }

    private static String joined(String events) {
        return events(events).stream()
                .filter(event -> !event.equals("[DONE]"))
                .map(HttpCalls::text)
                .collect(Collectors.joining());
    }

    @Test
    void aStream_hasThePiecesTheReasonTheUsageAndAnEnd() throws Exception {
        String request =
                streamed("beta", PROMPT, 12)
                        .replace("}", ",\"stream_options\":{\"include_usage\":true}}");
        HttpResponse<String> response = http.complete(request);
        assertEquals(200, response.statusCode());
        assertEquals(
                "text/event-stream; charset=utf-8",
                response.headers().firstValue("content-type").orElse(""));
        List<String> events = events(response.body());
        int last = events.size() - 1;
        assertEquals("[DONE]", events.get(last));
        JsonObject usage = json(events.get(last - 1));
        assertEquals(0, usage.getAsJsonArray("choices").size());
        assertEquals(12, usage.getAsJsonObject("usage").get("completion_tokens").getAsInt());
        JsonObject end = json(events.get(last - 2));
        assertEquals("length", choice(end).get("finish_reason").getAsString());
        StringBuilder text = new StringBuilder();
        for (String event : events.subList(0, last - 2)) {
            JsonObject piece = json(event);
            assertEquals(end.get("id"), piece.get("id"));
            assertTrue(choice(piece).get("finish_reason").isJsonNull());
            text.append(choice(piece).get("text").getAsString());
        }
        assertEquals(fixture.alone("beta", PROMPT, 12), text.toString());
        assertTrue(last > 5, "in pieces: " + events);
    }

    @Test
    void tokenIds_areAPromptToo() throws Exception {
        String ids = Arrays.toString(fixture.tokens(PROMPT));
        String body =
                "{\"model\":\"alpha\",\"prompt\":" + ids + ",\"max_tokens\":5,\"temperature\":0}";
        assertEquals(fixture.alone("alpha", PROMPT, 5), text(http.complete(body).body()));
    }

    @Test
    void aStopText_endsTheCompletionAndIsNotPartOfIt() throws Exception {
        String whole = fixture.alone("alpha", PROMPT, 30);
        String stop = whole.substring(whole.length() / 2, whole.length() / 2 + 3);
        String expected = whole.substring(0, whole.indexOf(stop));
        JsonObject request = json(greedy("alpha", PROMPT, 30));
        request.addProperty("stop", stop);
        JsonObject body = json(http.complete(request.toString()).body());
        assertEquals(expected, choice(body).get("text").getAsString());
        assertEquals("stop", choice(body).get("finish_reason").getAsString());
        assertTrue(body.getAsJsonObject("usage").get("completion_tokens").getAsInt() < 30);
        request.addProperty("stream", true);
        assertEquals(expected, joined(http.complete(request.toString()).body()));
    }

    @Test
    void noNewTokens_areAnEmptyText() throws Exception {
        JsonObject body = json(http.complete(greedy("base", PROMPT, 0)).body());
        assertEquals("", choice(body).get("text").getAsString());
        assertEquals(0, body.getAsJsonObject("usage").get("completion_tokens").getAsInt());
    }

    @Test
    void withoutSettings_sixteenTokensAreDrawn_andASeedRepeatsThem() throws Exception {
        String free = "{\"model\":\"base\",\"prompt\":\"int\"}";
        JsonObject first = json(http.complete(free).body());
        assertEquals(16, first.getAsJsonObject("usage").get("completion_tokens").getAsInt());
        assertNotEquals(text(first.toString()), text(http.complete(free).body()));
        String seeded = "{\"model\":\"base\",\"prompt\":\"int\",\"seed\":7}";
        assertEquals(text(http.complete(seeded).body()), text(http.complete(seeded).body()));
    }

    @Test
    void fieldsThatAskForNothing_areTaken() throws Exception {
        String body =
                "{\"model\":\"base\",\"prompt\":\"int\",\"temperature\":0,\"max_tokens\":3,\"n\":1,"
                        + "\"best_of\":1,\"top_p\":1.0,\"presence_penalty\":0,\"echo\":false,"
                        + "\"frequency_penalty\":0.0,\"logprobs\":null,\"suffix\":null,"
                        + "\"logit_bias\":null,\"user\":\"u\",\"stop\":null,\"stream\":null,"
                        + "\"stream_options\":null,\"seed\":null}";
        HttpResponse<String> response = http.complete(body);
        assertEquals(200, response.statusCode(), response.body());
        assertEquals(fixture.alone("base", "int", 3), text(response.body()));
    }

    @Test
    void models_areTheBaseAndTheAdapters() throws Exception {
        JsonObject body = json(http.get("/v1/models").body());
        assertEquals("list", body.get("object").getAsString());
        List<String> names = new ArrayList<>();
        for (JsonElement model : body.getAsJsonArray("data")) {
            assertEquals("model", model.getAsJsonObject().get("object").getAsString());
            names.add(model.getAsJsonObject().get("id").getAsString());
        }
        assertEquals(MODELS, names);
    }

    @Test
    void health_isOk() throws Exception {
        HttpResponse<String> response = http.get("/health");
        assertEquals(200, response.statusCode());
        assertEquals("ok", json(response.body()).get("status").getAsString());
    }

    @Test
    void metrics_countWhatWasDone_inPrometheusFormat() throws Exception {
        long before = fixture.metric("ligature_new_tokens_total");
        long prompts = fixture.metric("ligature_prompt_tokens_total");
        long ok = fixture.metric("ligature_responses_total{status=\"200\"}");
        http.complete(greedy("gamma", PROMPT, 7));
        assertTrue(fixture.metric("ligature_new_tokens_total") >= before + 7);
        assertTrue(
                fixture.metric("ligature_prompt_tokens_total")
                        >= prompts + fixture.tokens(PROMPT).length);
        assertTrue(fixture.metric("ligature_responses_total{status=\"200\"}") > ok);
        assertTrue(fixture.metric("ligature_store_adapters") >= 1);
        HttpResponse<String> response = http.get("/metrics");
        assertEquals(
                "text/plain; version=0.0.4; charset=utf-8",
                response.headers().firstValue("content-type").orElse(""));
        assertEquals(
                "counter", Exposition.read(response.body()).types().get("ligature_steps_total"));
    }
}
