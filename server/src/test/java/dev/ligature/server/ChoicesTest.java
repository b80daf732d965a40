package dev.ligature.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.ligature.server.settings.ServerLimits;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests for several answers, for their prompts and for probabilities. */
final class ChoicesTest {
    private static final String TEXT = "int max(";
    private static final String OTHER = "public ";

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
        assertEquals(0, fixture.store().statistics().leasedCount());
        fixture.close();
    }

    private static String body(String fields) {
        return "{\"model\":\"alpha\",\"max_tokens\":5," + fields + "}";
    }

    private static JsonObject completed(String fields) throws Exception {
        HttpResponse<String> response = http.complete(body(fields));
        assertEquals(200, response.statusCode(), response.body());
        return HttpCalls.json(response.body());
    }

    private static List<String> texts(JsonObject answer) {
        List<String> texts = new ArrayList<>();
        for (JsonElement choice : answer.getAsJsonArray("choices")) {
            assertEquals(texts.size(), choice.getAsJsonObject().get("index").getAsInt());
            texts.add(choice.getAsJsonObject().get("text").getAsString());
        }
        return texts;
    }

    private static int usage(JsonObject answer, String name) {
        return answer.getAsJsonObject("usage").get(name).getAsInt();
    }

    @Test
    void promptsOfAllForms_areAnsweredInOrder() throws Exception {
        List<String> expected =
                List.of(fixture.alone("alpha", TEXT, 5), fixture.alone("alpha", OTHER, 5));
        String ids = Arrays.toString(fixture.tokens(TEXT));
        String others = Arrays.toString(fixture.tokens(OTHER));

        JsonObject answer =
                completed("\"temperature\":0,\"prompt\":[\"" + TEXT + "\",\"" + OTHER + "\"]");
        assertEquals(expected, texts(answer));
        int tokens = fixture.tokens(TEXT).length + fixture.tokens(OTHER).length;
        assertEquals(tokens, usage(answer, "prompt_tokens"));
        assertEquals(10, usage(answer, "completion_tokens"));
        assertEquals(
                expected,
                texts(completed("\"temperature\":0,\"prompt\":[" + ids + "," + others + "]")));
    }

    @Test
    void choicesOfOnePrompt_haveDrawsOfTheirOwn_whichTheSeedRepeats() throws Exception {
        String fields = "\"seed\":3,\"prompt\":\"" + TEXT + "\"";
        JsonObject answer = completed(fields + ",\"n\":4");
        List<String> four = texts(answer);

        assertEquals(4, four.size());
        assertTrue(four.stream().distinct().count() > 2, four.toString());
        assertEquals(four.get(0), texts(completed(fields)).get(0));
        assertEquals(fixture.tokens(TEXT).length, usage(answer, "prompt_tokens"));
    }

    @Test
    void theBestOfSeveral_isTheLikeliest() throws Exception {
        String fields = "\"seed\":3,\"logprobs\":0,\"prompt\":\"" + TEXT + "\"";
        JsonObject all = completed(fields + ",\"n\":6");
        double best = Double.NEGATIVE_INFINITY;
        String text = "";
        for (JsonElement each : all.getAsJsonArray("choices")) {
            double mean = mean(each.getAsJsonObject());
            text = mean > best ? each.getAsJsonObject().get("text").getAsString() : text;
            best = Math.max(best, mean);
        }

        JsonObject answer = completed(fields + ",\"best_of\":6");
        assertEquals(List.of(text), texts(answer));
        assertEquals(usage(all, "completion_tokens"), usage(answer, "completion_tokens"));
    }

    private static double mean(JsonObject choice) {
        JsonArray logprobs = choice.getAsJsonObject("logprobs").getAsJsonArray("token_logprobs");
        double sum = 0;
        for (JsonElement logprob : logprobs) {
            sum += logprob.getAsDouble();
        }
        return sum / logprobs.size();
    }

    @Test
    void anEcho_beginsWithThePrompt_andItsLogprobs() throws Exception {
        String fields = "\"temperature\":0,\"echo\":true,\"prompt\":\"" + TEXT + "\"";
        String made = fixture.alone("alpha", TEXT, 5);

        assertEquals(List.of(TEXT + made), texts(completed(fields)));
        JsonObject choice = HttpCalls.choice(completed(fields + ",\"logprobs\":2"));
        JsonObject logprobs = choice.getAsJsonObject("logprobs");
        int tokens = fixture.tokens(TEXT).length + 5;
        for (String list : List.of("tokens", "token_logprobs", "top_logprobs", "text_offset")) {
            assertEquals(tokens, logprobs.getAsJsonArray(list).size(), list);
        }
        assertTrue(logprobs.getAsJsonArray("token_logprobs").get(0).isJsonNull());
        assertTrue(logprobs.getAsJsonArray("top_logprobs").get(0).isJsonNull());
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < tokens; i++) {
            assertEquals(text.length(), logprobs.getAsJsonArray("text_offset").get(i).getAsInt());
            String token = logprobs.getAsJsonArray("tokens").get(i).getAsString();
            text.append(token);
            if (i > 0) {
                JsonObject likeliest =
                        logprobs.getAsJsonArray("top_logprobs").get(i).getAsJsonObject();
                assertTrue(likeliest.has(token) && likeliest.size() <= 3);
            }
        }
        assertEquals(TEXT + made, text.toString());
    }

    @Test
    void anEchoAlone_takesNoNewToken() throws Exception {
        HttpResponse<String> response =
                http.complete(
                        "{\"model\":\"alpha\",\"max_tokens\":0,\"echo\":true,\"logprobs\":1,"
                                + "\"prompt\":\""
                                + TEXT
                                + "\"}");
        JsonObject choice = HttpCalls.choice(HttpCalls.json(response.body()));

        assertEquals(TEXT, choice.get("text").getAsString());
        assertEquals(
                fixture.tokens(TEXT).length,
                choice.getAsJsonObject("logprobs").getAsJsonArray("token_logprobs").size());
    }

    @Test
    void streamedChoices_haveTheirIndices_andOneUsage() throws Exception {
        String fields =
                "\"seed\":3,\"n\":2,\"logprobs\":1,\"prompt\":[\"" + TEXT + "\",\"" + OTHER + "\"]";
        JsonObject whole = completed(fields);
        HttpResponse<String> response =
                http.complete(
                        body(
                                fields
                                        + ",\"stream\":true,"
                                        + "\"stream_options\":{\"include_usage\":true}"));
        List<String> events = HttpCalls.events(response.body());
        Map<Integer, StringBuilder> texts = new TreeMap<>();
        Map<Integer, Integer> logprobs = new TreeMap<>();
        List<Integer> ends = new ArrayList<>();
        for (String event : events.subList(0, events.size() - 2)) {
            JsonObject choice = HttpCalls.choice(HttpCalls.json(event));
            int index = choice.get("index").getAsInt();
            texts.computeIfAbsent(index, i -> new StringBuilder())
                    .append(choice.get("text").getAsString());
            if (!choice.get("logprobs").isJsonNull()) {
                JsonArray tokens = choice.getAsJsonObject("logprobs").getAsJsonArray("tokens");
                logprobs.merge(index, tokens.size(), Integer::sum);
            }
            if (!choice.get("finish_reason").isJsonNull()) {
                ends.add(index);
            }
        }

        assertEquals(texts(whole), texts.values().stream().map(StringBuilder::toString).toList());
        assertEquals(Map.of(0, 5, 1, 5, 2, 5, 3, 5), logprobs);
        assertEquals(List.of(0, 1, 2, 3), ends.stream().sorted().toList());
        assertEquals("[DONE]", events.get(events.size() - 1));
        assertEquals(
                whole.get("usage"), HttpCalls.json(events.get(events.size() - 2)).get("usage"));
    }

    @Test
    void aChoiceThatFails_endsTheRequest() throws Exception {
        fixture.writeAdapter("huge", 1e30f);
        HttpResponse<String> response =
                http.complete("{\"model\":\"huge\",\"n\":3,\"prompt\":\"" + TEXT + "\"}");

        assertEquals(500, response.statusCode());
        assertEquals("logits_not_finite", HttpCalls.error(response).get("code").getAsString());
    }

    @Test
    void moreTextsThanTheBatchHasRoomFor_are400() throws Exception {
        HttpResponse<String> response = http.complete(body("\"n\":5,\"prompt\":[\"a\",\"b\"]"));

        assertEquals(400, response.statusCode());
        assertEquals("prompt", HttpCalls.error(response).get("param").getAsString());
    }
}
