package dev.ligature.server;

import static dev.ligature.server.HttpCalls.choice;
import static dev.ligature.server.HttpCalls.error;
import static dev.ligature.server.HttpCalls.events;
import static dev.ligature.server.HttpCalls.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import dev.ligature.server.settings.ServerLimits;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Conversations, single models, and requests as common clients send them. */
final class ChatCompletionsTest {
    private static final String MESSAGES =
            "[{\"role\":\"system\",\"content\":\"Be brief.\"},"
                    + "{\"role\":\"user\",\"content\":\"int max(\"}]";
    private static final String PROMPT = "system: Be brief.\nuser: int max(\nassistant: ";

    @TempDir static Path adapters;
    private static ServerFixture fixture;
    private static HttpCalls http;

    @BeforeAll
    static void open() throws Exception {
        fixture = new ServerFixture(adapters, new ServerLimits(4, 64, 40, 20_000, 60, 30));
        http = fixture.http();
    }

    @AfterAll
    static void close() throws Exception {
        fixture.awaitIdle();
        fixture.close();
    }

    @Test
    void anAnswer_isWhatTheModelAddsToTheTextOfTheTemplate() throws Exception {
        for (String model : List.of("base", "alpha")) {
            HttpResponse<String> response =
                    http.chat(body(model, MESSAGES, "\"max_completion_tokens\":9"));

            assertEquals(200, response.statusCode(), response.body());
            JsonObject body = json(response.body());
            assertEquals("chat.completion", body.get("object").getAsString());
            assertTrue(body.get("id").getAsString().startsWith("chatcmpl-"));
            JsonObject message = choice(body).getAsJsonObject("message");
            assertEquals("assistant", message.get("role").getAsString());
            assertEquals(fixture.alone(model, PROMPT, 9), message.get("content").getAsString());
            assertEquals("length", choice(body).get("finish_reason").getAsString());
            assertEquals(
                    fixture.tokens(PROMPT).length,
                    body.getAsJsonObject("usage").get("prompt_tokens").getAsInt());
        }
        assertNotEquals(fixture.alone("base", PROMPT, 9), fixture.alone("alpha", PROMPT, 9));
    }

    @ParameterizedTest
    @CsvSource({
        "200,parallel_tool_calls,true",
        "400,parallel_tool_calls,false",
        "200,store,false",
        "400,store,true",
    })
    void whatAsksForNothing_isTaken_andTheOppositeRefused(int status, String field, boolean value)
            throws Exception {
        HttpResponse<String> response =
                http.chat(body("base", MESSAGES, "\"max_tokens\":2,\"" + field + "\":" + value));
        assertEquals(status, response.statusCode(), response.body());
        if (status == 400) {
            assertEquals("unsupported_field", error(response).get("code").getAsString());
            assertEquals(field, error(response).get("param").getAsString());
        }
    }

    @Test
    void toolsAndVariables_reachTheTemplate() throws Exception {
        String tools = "[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]";
        String prompt =
                "user: x\n[{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]\nbot: ";
        String user = "[{\"role\":\"user\",\"content\":\"x\"}]";
        String more =
                "\"max_tokens\":5,\"chat_template_kwargs\":{\"style\":\"bot\"},\"tools\":" + tools;

        assertEquals(
                fixture.alone("base", prompt, 5), content(http.chat(body("base", user, more))));
        assertEquals(
                fixture.alone("base", "user: x\nbot: ", 5),
                content(http.chat(body("base", user, more + ",\"tool_choice\":\"none\""))));
    }

    @Test
    void withoutAMaximum_thereIsRoomForAsManyTokensAsTheServerAllows() throws Exception {
        HttpResponse<String> response = http.chat(body("base", MESSAGES, "\"user\":null"));

        JsonObject usage = json(response.body()).getAsJsonObject("usage");
        assertEquals(40, usage.get("completion_tokens").getAsInt(), response.body());
    }

    @Test
    void aStream_namesTheRoleOnceAndEndsWithAnEmptyDelta() throws Exception {
        String more =
                "\"max_tokens\":8,\"stream\":true,\"stream_options\":{\"include_usage\":true}";
        List<String> events = events(http.chat(body("beta", MESSAGES, more)).body());

        JsonObject first = choice(json(events.get(0))).getAsJsonObject("delta");
        assertEquals("assistant", first.get("role").getAsString());
        assertEquals("", first.get("content").getAsString());
        int last = events.size() - 1;
        assertEquals("[DONE]", events.get(last));
        assertEquals(
                8,
                json(events.get(last - 1))
                        .getAsJsonObject("usage")
                        .get("completion_tokens")
                        .getAsInt());
        JsonObject end = json(events.get(last - 2));
        assertEquals("length", choice(end).get("finish_reason").getAsString());
        assertEquals(0, choice(end).getAsJsonObject("delta").size());
        StringBuilder text = new StringBuilder();
        for (String event : events.subList(1, last - 2)) {
            JsonObject piece = json(event);
            assertEquals("chat.completion.chunk", piece.get("object").getAsString());
            assertFalse(choice(piece).getAsJsonObject("delta").has("role"));
            text.append(choice(piece).getAsJsonObject("delta").get("content").getAsString());
        }
        assertEquals(fixture.alone("beta", PROMPT, 8), text.toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "invalid_value|messages|{\"model\":\"base\"}",
                "invalid_value|messages|{\"model\":\"base\",\"messages\":[]}",
                "invalid_value|messages|{\"model\":\"base\",\"messages\":\"x\"}",
                "invalid_value|messages|{\"model\":\"base\",\"messages\":[1]}",
                "invalid_value|messages|{\"model\":\"base\",\"messages\":[{\"content\":\"x\"}]}",
                "chat_template|messages|{\"model\":\"base\",\"messages\":[{\"role\":\"judge\"}]}",
                "chat_template|messages|{\"model\":\"base\",\"messages\":[{\"role\":\"user\",\"content\":99999999999999999999}]}",
                "model_not_found|model|{\"model\":\"nobody\",\"messages\":[{\"role\":\"user\"}]}",
                "unknown_field|prompt|{\"model\":\"base\",\"messages\":[],\"prompt\":\"x\"}",
                "invalid_value|top_logprobs|{\"model\":\"base\",\"messages\":[{\"role\":\"user\"}],\"top_logprobs\":2}",
                "unsupported_field|response_format|{\"model\":\"base\",\"messages\":[],\"response_format\":{\"type\":\"json_object\"}}",
                "unsupported_field|tool_choice|{\"model\":\"base\",\"messages\":[],\"tool_choice\":\"required\"}",
                "invalid_value|max_tokens|{\"model\":\"base\",\"messages\":[{\"role\":\"user\"}],\"max_tokens\":1,\"max_completion_tokens\":1}",
                "invalid_value|max_completion_tokens|{\"model\":\"base\",\"messages\":[{\"role\":\"user\"}],\"max_completion_tokens\":41}"
            })
    void aWrongConversation_isRefused(String code, String param, String body) throws Exception {
        HttpResponse<String> response = http.chat(body);

        assertEquals(code, error(response).get("code").getAsString(), response.body());
        assertEquals(param, error(response).get("param").getAsString());
        assertTrue(response.statusCode() == 400 || response.statusCode() == 404);
    }

    @Test
    void aRefusalOfTheTemplate_isSaidToTheClient() throws Exception {
        HttpResponse<String> response =
                http.chat(body("base", "[{\"role\":\"judge\"}]", "\"n\":1"));

        assertTrue(error(response).get("message").getAsString().contains("no judges"));
    }

    @Test
    void aConversationBeyondThePositions_isRefused() throws Exception {
        String long_ = "[{\"role\":\"user\",\"content\":\"" + "x ".repeat(4500) + "\"}]";

        HttpResponse<String> response = http.chat(body("base", long_, "\"n\":1"));

        assertEquals("context_length_exceeded", error(response).get("code").getAsString());
        assertEquals("messages", error(response).get("param").getAsString());
    }

    @Test
    void oneModel_isDescribed() throws Exception {
        JsonObject base = json(http.get("/v1/models/base").body());
        assertEquals("base", base.get("id").getAsString());
        assertTrue(base.get("parent").isJsonNull());
        assertEquals(ServerFixture.POSITIONS, base.get("max_model_len").getAsInt());
        JsonObject alpha = json(http.get("/v1/models/alpha").body());
        assertEquals("alpha", alpha.get("root").getAsString());
        assertEquals("base", alpha.get("parent").getAsString());
        for (String name : List.of("nobody", "", "..", "alpha/x", "%2e%2e")) {
            HttpResponse<String> response = http.get("/v1/models/" + name);
            assertEquals(404, response.statusCode(), name);
            assertEquals("model_not_found", error(response).get("code").getAsString());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"prompt\":[\"int max(\"]",
                "\"prompt\":\"int max(\",\"suffix\":\"\",\"logit_bias\":{},\"user\":null",
                "\"prompt\":\"int max(\",\"suffix\":null,\"logit_bias\":null,\"user\":\"u\",\"n\":1"
            })
    void fieldsThatAskForNothing_areTaken(String fields) throws Exception {
        HttpResponse<String> response =
                http.complete(
                        "{\"model\":\"base\",\"temperature\":0,\"max_tokens\":4," + fields + "}");

        assertEquals(200, response.statusCode(), response.body());
        assertEquals(fixture.alone("base", "int max(", 4), HttpCalls.text(response.body()));
    }

    private static String body(String model, String messages, String more) {
        return "{\"model\":\""
                + model
                + "\",\"temperature\":0,\"messages\":"
                + messages
                + ","
                + more
                + "}";
    }

    private static String content(HttpResponse<String> response) {
        return choice(json(response.body()))
                .getAsJsonObject("message")
                .get("content")
                .getAsString();
    }
}
