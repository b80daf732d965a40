package dev.ligature.server;

import static dev.ligature.server.HttpCalls.greedy;
import static dev.ligature.server.HttpCalls.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.ligature.server.settings.ServerLimits;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page's files, and what is shown on it. */
final class StatusTest {
    @TempDir Path adapters;

    @Test
    void loadResidencyModulesAndTies_areTold_andThePageIsServedUnderItsPolicy() throws Exception {
        try (ServerFixture fixture =
                new ServerFixture(adapters, new ServerLimits(2, 8, 50, 2000, 60, 30))) {
            HttpCalls http = fixture.http();
            assertEquals(List.of("base"), loaded(http));
            assertEquals(200, http.complete(greedy("beta", "int", 2)).statusCode());
            assertEquals(List.of("base", "beta"), loaded(http));
            JsonObject status = json(http.get("/v1/status").body());
            JsonObject model = status.getAsJsonObject("model");
            assertEquals("base", model.get("name").getAsString());
            assertEquals("completion", model.get("task").getAsString());
            assertEquals("A causal language model", model.get("description").getAsString());
            assertTrue(model.get("chat").getAsBoolean());
            assertEquals(ServerFixture.POSITIONS, model.get("max_model_len").getAsInt());
            JsonObject load = status.getAsJsonObject("load");
            assertEquals(0, load.get("rows").getAsInt());
            assertEquals(2, load.get("max_batch").getAsInt());
            assertEquals(8, load.get("max_waiting").getAsInt());
            JsonObject memory = status.getAsJsonObject("memory");
            assertEquals(1, memory.get("adapters").getAsInt());
            assertEquals(ServerFixture.ADAPTER_BYTES, memory.get("bytes").getAsLong());

            List<String> ties = new ArrayList<>();
            for (JsonElement each :
                    json(http.get("/v1/modules").body()).getAsJsonArray("modules")) {
                JsonObject module = each.getAsJsonObject();
                if (!module.get("tied_to").isJsonNull()) {
                    ties.add(module.get("name") + " " + module.get("tied_to"));
                }
                if (module.get("name").getAsString().equals("model.layers.0.self_attn.v_proj")) {
                    assertEquals("[16,32]", module.get("shape").toString());
                    assertEquals("linear", module.get("kind").getAsString());
                }
            }
            assertEquals(List.of("\"lm_head\" \"model.embed_tokens\""), ties);

            for (String path : List.of("/", "/page.css", "/page.js")) {
                HttpResponse<String> file = http.get(path);
                assertEquals(200, file.statusCode(), path);
                String policy = file.headers().firstValue("content-security-policy").orElse("");
                assertTrue(policy.startsWith("default-src 'none'; script-src 'self'"), policy);
                assertTrue(!policy.contains("unsafe"), policy);
                assertEquals(
                        "nosniff", file.headers().firstValue("x-content-type-options").orElse(""));
            }
            assertTrue(http.get("/").body().contains("<script src=\"page.js\" defer></script>"));
        }
    }

    private static List<String> loaded(HttpCalls http) throws Exception {
        List<String> loaded = new ArrayList<>();
        for (JsonElement each : json(http.get("/v1/status").body()).getAsJsonArray("models")) {
            if (each.getAsJsonObject().get("loaded").getAsBoolean()) {
                loaded.add(each.getAsJsonObject().get("name").getAsString());
            }
        }
        return loaded;
    }
}
