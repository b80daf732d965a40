package dev.ligature.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class InspectCommandTest {
    private static final Path BASE = Cases.path("llama-tied-both", "base");
    private static final Path ADAPTER = Cases.path("llama-tied-both", "adapter");

    @Test
    void theTable_showsModulesOfAllLayersInOneLineAndTheTie() {
        String out = CliRun.of("inspect", "--model", BASE).succeeded().out();

        // V d + 2 (q, k, v, o, gate, up, down and two norms) + the last norm
        assertTrue(out.contains("10,944 parameters"), out);
        assertTrue(out.contains("model.layers.*.self_attn.q_proj          2 "), out);
        assertTrue(
                out.lines()
                        .anyMatch(
                                line ->
                                        line.startsWith("lm_head")
                                                && line.contains("output_head")
                                                && line.endsWith("model.embed_tokens")),
                out);
    }

    @Test
    void theTable_showsWhatAnAdapterTouchesAndWhatIsTied() {
        String out = CliRun.of("inspect", "--model", BASE, "--adapter", ADAPTER).succeeded().out();

        assertTrue(out.contains("tied: lm_head"), out);
        // r (V + d) of the tied pair once, and r (24 + 40) of down_proj in two layers; r is 5
        assertTrue(out.contains("1,095"), out);
        assertTrue(out.contains("llama.cpp: refused, lm_head is tied to model.embed_tokens"), out);
    }

    @Test
    void json_hasEveryModuleTheTiesAndThePairs() {
        JsonObject json =
                JsonParser.parseString(
                                CliRun.of(
                                                "inspect",
                                                "--model",
                                                BASE,
                                                "--adapter",
                                                ADAPTER,
                                                "--json")
                                        .succeeded()
                                        .out())
                        .getAsJsonObject();

        assertEquals(10_944, json.get("parameters").getAsLong());
        assertEquals(1 + 2 * 9 + 2, json.getAsJsonArray("modules").size());
        JsonObject tie = json.getAsJsonArray("ties").get(0).getAsJsonObject();
        assertEquals("lm_head", tie.get("reader").getAsString());
        assertEquals("model.embed_tokens", tie.get("source").getAsString());
        JsonObject adapter = json.getAsJsonObject("adapter");
        assertEquals(1_095, adapter.get("trainable_parameters").getAsLong());
        JsonObject pair = adapter.getAsJsonArray("pairs").get(0).getAsJsonObject();
        assertEquals(
                List.of("model.embed_tokens", "lm_head"),
                pair.getAsJsonArray("readers").asList().stream()
                        .map(JsonElement::getAsString)
                        .toList());
        assertEquals(5, pair.get("r").getAsInt());
        JsonObject vllm = adapter.getAsJsonArray("servers").get(0).getAsJsonObject();
        assertEquals("vLLM", vllm.get("server").getAsString());
        assertTrue(vllm.get("accepts").getAsBoolean());
        JsonObject llamaCpp = adapter.getAsJsonArray("servers").get(1).getAsJsonObject();
        assertFalse(llamaCpp.get("accepts").getAsBoolean());
        JsonObject finding = llamaCpp.getAsJsonArray("findings").get(0).getAsJsonObject();
        assertEquals("refused", finding.get("effect").getAsString());
    }

    @Test
    void declared_needsNoWeights_andShowsTheTieWithItsCondition(@TempDir Path directory)
            throws IOException {
        Files.copy(BASE.resolve("config.json"), directory.resolve("config.json"));

        String out = CliRun.of("inspect", "--model", directory, "--declared").succeeded().out();

        List<String> lines = out.lines().map(line -> line.replaceAll(" +", " ")).toList();
        // Embedding, seven projections and two norms of a layer, two norms of heads that Qwen3 has,
        // the last norm, the head.
        assertEquals(1 + 1 + 11 + 1 + 1, lines.size(), out);
        assertEquals("module role tied to when", lines.get(0));
        assertEquals("model.embed_tokens input_embedding", lines.get(1));
        assertTrue(lines.contains("model.layers.*.self_attn.q_proj"), out);
        assertEquals(
                "lm_head output_head model.embed_tokens tieWordEmbeddings",
                lines.get(lines.size() - 1));
    }

    @Test
    void declared_asJson() {
        JsonObject json =
                JsonParser.parseString(
                                CliRun.of("inspect", "--model", BASE, "--declared", "--json")
                                        .succeeded()
                                        .out())
                        .getAsJsonObject();

        assertEquals(14, json.getAsJsonArray("modules").size());
        assertEquals(
                "{\"reader\":\"lm_head\",\"source\":\"model.embed_tokens\","
                        + "\"when\":\"tieWordEmbeddings\"}",
                json.getAsJsonArray("ties").get(0).toString());
    }

    @Test
    void declaredWithAnAdapter_isRefused() {
        CliRun.of("inspect", "--model", BASE, "--adapter", ADAPTER, "--declared")
                .refused("--declared", "--adapter");
    }
}
