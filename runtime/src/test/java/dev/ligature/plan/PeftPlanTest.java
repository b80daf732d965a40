package dev.ligature.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.checkpoint.AdapterConfigJson;
import dev.ligature.diag.LoraException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Compares with what PEFT makes of random configurations; see interop/make_plan_cases.py. */
class PeftPlanTest {
    private static final Set<String> EMBEDDINGS = Set.of("embed_tokens", "wte", "word_embeddings");

    @Test
    void everyModuleIsTargetedExcludedOrLeftAsByPeft() throws IOException {
        assertAsPeft(test -> test.json().get("outcome").getAsString(), PeftPlanTest::outcomes);
    }

    @Test
    void thePlanHasTheModulesRanksAndScalingsOfPeft() throws IOException {
        assertAsPeft(PeftPlanTest::adapted, PeftPlanTest::plan);
    }

    private static void assertAsPeft(Function<Case, String> peft, Function<Case, String> ours)
            throws IOException {
        List<String> differences = new ArrayList<>();
        for (Case test : cases()) {
            String expected = peft.apply(test);
            String result = ours.apply(test);
            if (!result.equals(expected)) {
                differences.add(test.json() + " here " + result + ", there " + expected);
            }
        }
        assertEquals(List.of(), differences);
    }

    private static String plan(Case test) {
        try {
            return LoraPlan.resolveForLoading(test.config(), layout(test.names())).pairs().stream()
                    .map(pair -> line(pair.name(), pair.rank(), pair.scaling()))
                    .collect(Collectors.joining("; "));
        } catch (LoraException e) {
            return "refused";
        }
    }

    private static String adapted(Case test) {
        JsonElement adapted = test.json().get("adapted");
        if (adapted.isJsonNull()) {
            return "refused";
        }
        return adapted.getAsJsonArray().asList().stream()
                .map(JsonElement::getAsJsonArray)
                .sorted(Comparator.comparingInt(entry -> entry.get(0).getAsInt()))
                .map(
                        entry ->
                                line(
                                        test.names().get(entry.get(0).getAsInt()),
                                        entry.get(1).getAsInt(),
                                        entry.get(2).getAsDouble()))
                .collect(Collectors.joining("; "));
    }

    private static String line(String name, int rank, double scaling) {
        return name + " " + rank + " " + scaling; // both compute α / r in double
    }

    private static String outcomes(Case test) {
        TargetMatcher matcher = new TargetMatcher(test.config());
        return test.names().stream()
                .map(
                        name ->
                                switch (matcher.outcome(name)) {
                                    case TARGETED -> "t";
                                    case EXCLUDED -> "x";
                                    default -> "-";
                                })
                .collect(Collectors.joining());
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

    private static List<Case> cases() throws IOException {
        JsonObject root = json("plan-cases.json").getAsJsonObject();
        List<Case> cases = new ArrayList<>();
        for (JsonElement element : root.getAsJsonArray("cases")) {
            JsonObject test = element.getAsJsonObject();
            JsonElement names = root.getAsJsonObject("models").get(test.get("model").getAsString());
            cases.add(
                    new Case(
                            test,
                            AdapterConfigJson.parse(test.get("config").toString(), "case"),
                            names.getAsJsonArray().asList().stream()
                                    .map(JsonElement::getAsString)
                                    .toList()));
        }
        return cases;
    }

    static JsonElement json(String name) throws IOException {
        try (InputStream in = PeftPlanTest.class.getResourceAsStream("/plan/" + name);
                Reader reader =
                        new InputStreamReader(Objects.requireNonNull(in), StandardCharsets.UTF_8)) {
            return JsonParser.parseReader(reader);
        }
    }

    private record Case(JsonObject json, LoraConfig config, List<String> names) {}
}
