package dev.ligature.models.llama;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever config.json says, reading it ends with a checked error or with a configuration. */
class HostileConfigTest {
    private static final int ROUNDS = Boolean.getBoolean("ligature.soak") ? 20_000 : 600;
    private static final List<String> VALUES =
            List.of(
                    "null",
                    "true",
                    "0",
                    "-1",
                    "-0.0",
                    "1.5",
                    "3",
                    "2147483647",
                    "2147483648",
                    "-9223372036854775809",
                    "1e400",
                    "-1e400",
                    "1e-400",
                    "1e999999999",
                    "9".repeat(5000),
                    "NaN",
                    "\"\"",
                    "\"24\"",
                    "\"\\u0000\"",
                    "\"../../x\"",
                    "\"" + "a".repeat(100_000) + "\"",
                    "[]",
                    "[null]",
                    "[1.5]",
                    "[2147483648]",
                    "[0" + ",0".repeat(50_000) + "]",
                    "{}",
                    "{\"rope_theta\": 0}",
                    "{\"rope_type\": \"yarn\"}",
                    "{\"rope_theta\": null, \"rope_type\": null}",
                    "{\"a\": 1, \"a\": 1}",
                    "[".repeat(100_000),
                    "{\"a\":".repeat(100_000),
                    "\"",
                    "");

    @TempDir private Path directory;

    @Test
    void aDamagedConfig_isRefusedOrRead() throws IOException {
        Path file = directory.resolve("config.json");
        JsonObject valid =
                JsonParser.parseString(
                                Files.readString(
                                        Path.of(
                                                "src/test/resources/cases/llama-tied-both/base",
                                                "config.json")))
                        .getAsJsonObject();
        Map<String, Integer> endings = new TreeMap<>();
        for (int seed = 0; seed < ROUNDS; seed++) {
            Random random = new Random(seed);
            Files.deleteIfExists(file);
            Files.writeString(file, damaged(valid, random));
            String ending =
                    assertTimeoutPreemptively(
                            Duration.ofSeconds(30), () -> ending(directory), "seed " + seed);
            endings.merge(ending, 1, Integer::sum);
        }
        assertTrue(endings.getOrDefault("read", 0) > ROUNDS / 20, endings.toString());
        assertTrue(
                endings.keySet()
                        .containsAll(
                                List.of(
                                        "CheckpointJson",
                                        "ConfigField",
                                        "ConfigUnsupported",
                                        "ConfigValue")),
                endings.toString());
    }

    private static String ending(Path directory) throws IOException {
        try {
            LlamaConfig.read(directory);
            return "read";
        } catch (CheckpointException e) {
            return e.code();
        }
    }

    private static String damaged(JsonObject valid, Random random) {
        List<String> members = new ArrayList<>();
        int changed = random.nextInt(valid.size());
        for (Map.Entry<String, JsonElement> member : valid.entrySet()) {
            boolean damage = members.size() == changed || random.nextInt(40) == 0;
            String value =
                    damage
                            ? VALUES.get(random.nextInt(VALUES.size()))
                            : member.getValue().toString();
            members.add("\"" + member.getKey() + "\": " + value);
        }
        if (random.nextInt(10) == 0) {
            members.remove(random.nextInt(members.size()));
        }
        if (random.nextInt(20) == 0) {
            members.add(members.get(random.nextInt(members.size())));
        }
        String text = "{" + String.join(",", members) + "}";
        return random.nextInt(10) == 0 ? text.substring(0, random.nextInt(text.length())) : text;
    }
}
