package dev.ligature.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.checkpoint.AdapterConfigJson;
import dev.ligature.diag.LoraException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Compares with what PEFT makes of random configurations; see interop/make_plan_cases.py. */
class PeftPlanTest {
    private static final Set<String> EMBEDDINGS = Set.of("embed_tokens", "wte", "word_embeddings");

    @TestFactory
    Stream<DynamicTest> everyModuleIsTargetedExcludedOrLeftAsByPeft() throws IOException {
        return cases(
                (test, names) ->
                        assertEquals(test.get("outcome").getAsString(), outcomes(test, names)));
    }

    @TestFactory
    Stream<DynamicTest> thePlanHasTheModulesRanksAndScalingsOfPeft() throws IOException {
        return cases(
                (test, names) -> {
                    LoraConfig config = config(test);
                    ModelLayout layout = layout(names);
                    if (test.get("adapted").isJsonNull()) {
                        assertThrows(
                                LoraException.class,
                                () -> LoraPlan.resolveForLoading(config, layout));
                    } else {
                        assertEquals(
                                adapted(test.getAsJsonArray("adapted"), names),
                                readers(LoraPlan.resolveForLoading(config, layout)));
                    }
                });
    }

    private static List<String> readers(LoraPlan plan) {
        return plan.pairs().stream()
                .map(pair -> pair.name() + " " + pair.rank() + " " + (float) pair.scaling())
                .toList();
    }

    private static List<String> adapted(JsonArray adapted, List<String> names) {
        return adapted.asList().stream()
                .map(JsonElement::getAsJsonArray)
                .sorted((a, b) -> a.get(0).getAsInt() - b.get(0).getAsInt())
                .map(
                        a ->
                                names.get(a.get(0).getAsInt())
                                        + " "
                                        + a.get(1).getAsInt()
                                        + " "
                                        + a.get(2).getAsFloat())
                .toList();
    }

    private static String outcomes(JsonObject test, List<String> names) throws IOException {
        TargetMatcher matcher = new TargetMatcher(config(test));
        return names.stream()
                .map(
                        name ->
                                switch (matcher.outcome(name)) {
                                    case TARGETED -> "t";
                                    case EXCLUDED -> "x";
                                    default -> "-";
                                })
                .collect(Collectors.joining());
    }

    private static LoraConfig config(JsonObject test) throws IOException {
        return AdapterConfigJson.parse(test.get("config").toString(), "case");
    }

    private static ModelLayout layout(List<String> names) {
        return new ModelLayout(
                names.stream()
                        .map(
                                name ->
                                        EMBEDDINGS.contains(
                                                        name.substring(name.lastIndexOf('.') + 1))
                                                ? Layouts.embedding(name)
                                                : Layouts.linear(name))
                        .toList());
    }

    private static Stream<DynamicTest> cases(Check check) throws IOException {
        JsonObject root = json("plan-cases.json").getAsJsonObject();
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonElement element : root.getAsJsonArray("cases")) {
            JsonObject test = element.getAsJsonObject();
            String model = test.get("model").getAsString();
            List<String> names =
                    root.getAsJsonObject("models").getAsJsonArray(model).asList().stream()
                            .map(JsonElement::getAsString)
                            .toList();
            tests.add(
                    DynamicTest.dynamicTest(
                            tests.size() + " " + model + " " + test.get("config"),
                            () -> check.run(test, names)));
        }
        return tests.stream();
    }

    static JsonElement json(String name) throws IOException {
        try (Reader reader =
                new InputStreamReader(
                        Objects.requireNonNull(
                                PeftPlanTest.class.getResourceAsStream("/plan/" + name)),
                        StandardCharsets.UTF_8)) {
            return JsonParser.parseReader(reader);
        }
    }

    private interface Check {
        void run(JsonObject test, List<String> names) throws IOException;
    }
}
