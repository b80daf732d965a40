package dev.ligature.internal.resolve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.LoraException;
import dev.ligature.checkpoint.AdapterConfigJson;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.names.NameMatch;
import dev.ligature.plan.Layouts;
import dev.ligature.plan.ModelLayout;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Compares with what PEFT makes of a thousand random configurations; see
 * interop/make_plan_cases.py. Where a difference is meant, docs/peft-differences.md has it, and the
 * cases are counted here.
 */
public class PeftPlanTest {
    private static final int CASES = 1000;
    private static final Set<String> HEADS = Set.of("lm_head", "decoder");
    private static final Set<String> EMBEDDINGS = Set.of("embed_tokens", "wte", "word_embeddings");

    /** An entry without a name is refused. */
    private static final String BLANK = "LoraBlankEntry";

    /** PEFT forgets that a name was a full one, for which layers do not count. */
    private static final String CONDENSED = "layers_to_transform with 20 names and more";

    /** PEFT saves m_head's namesake lm_head too, and fails because it is adapted. */
    private static final String SAVED_WITHOUT_DOT = "modules_to_save within a name";

    private static final String SECTION = "\n## Matching of modules\n";
    private static final Pattern ENTRY = Pattern.compile("(?m)^- \\*\\*(.+?)\\.?\\*\\*");

    @Test
    void everyModuleIsTargetedExcludedOrLeftAsByPeft() throws IOException {
        assertAsPeft(Map.of(BLANK, 4), PeftPlanTest::targeted, PeftPlanTest::outcomes);
    }

    @Test
    void thePlanHasTheModulesRanksAndScalingsOfPeft() throws IOException {
        assertAsPeft(
                Map.of(BLANK, 4, CONDENSED, 3, SAVED_WITHOUT_DOT, 3),
                PeftPlanTest::adapted,
                PeftPlanTest::plan);
    }

    /** Each has an entry of its own in the list of what the random cases find, and nothing else. */
    @Test
    void everyMeantDifferenceIsDocumented() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "peft-differences.md"));
        assertTrue(page.contains(SECTION), "the section has another heading");
        String section = page.substring(page.indexOf(SECTION) + SECTION.length());
        section = section.substring(0, section.indexOf("\nThese are by design"));
        List<String> entries =
                ENTRY.matcher(section)
                        .results()
                        .map(entry -> entry.group(1).replace("`", ""))
                        .toList();
        assertEquals(List.of("An entry without a name", CONDENSED, SAVED_WITHOUT_DOT), entries);
        assertTrue(
                section.lines()
                        .anyMatch(
                                line ->
                                        line.startsWith("- **An entry without a name**")
                                                && line.endsWith("`" + BLANK + "`.")),
                section);
    }

    /** Computes what is to be compared of a case. */
    private interface Ours {
        String of(Case test) throws CheckpointException;
    }

    private static void assertAsPeft(
            Map<String, Integer> meant, Function<Case, String> peft, Ours ours) throws IOException {
        List<String> differences = new ArrayList<>();
        Map<String, Integer> found = new TreeMap<>();
        for (Case test : cases()) {
            String expected = peft.apply(test);
            try {
                String result = ours.of(test);
                if (result.equals(expected)) {
                    continue;
                }
                if (test.isCondensedWithLayers()) {
                    found.merge(CONDENSED, 1, Integer::sum);
                } else if (expected.equals("refused") && test.savesWithinAName()) {
                    found.merge(SAVED_WITHOUT_DOT, 1, Integer::sum);
                } else {
                    differences.add(test.json() + " here " + result + ", there " + expected);
                }
            } catch (CheckpointException e) {
                found.merge(e.code(), 1, Integer::sum);
            }
        }
        assertEquals(List.of(), differences);
        assertEquals(meant, found);
    }

    private static String plan(Case test) throws CheckpointException {
        LoraConfig config = test.config();
        try {
            return PlanResolver.resolveForLoading(config, test.layout()).pairs().stream()
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

    /** Returns PEFT's verdicts; a module that is saved is not targeted, whether it fits or not. */
    private static String targeted(Case test) {
        String outcome = test.json().get("outcome").getAsString();
        return test.saved().isEmpty() ? outcome : outcome.replace('x', '-');
    }

    private static String outcomes(Case test) throws CheckpointException {
        TargetMatcher matcher = new TargetMatcher(test.config());
        return test.layout().modules().stream()
                .map(
                        module ->
                                switch (matcher.outcome(module)) {
                                    case TARGETED -> "t";
                                    case EXCLUDED -> test.saved().isEmpty() ? "x" : "-";
                                    default -> "-";
                                })
                .collect(Collectors.joining());
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
                            names.getAsJsonArray().asList().stream()
                                    .map(JsonElement::getAsString)
                                    .toList()));
        }
        assertEquals(CASES, cases.size());
        return cases;
    }

    public static JsonElement json(String name) throws IOException {
        try (InputStream in = PeftPlanTest.class.getResourceAsStream("/plan/" + name);
                Reader reader =
                        new InputStreamReader(Objects.requireNonNull(in), StandardCharsets.UTF_8)) {
            return JsonParser.parseReader(reader);
        }
    }

    private record Case(JsonObject json, List<String> names) {
        LoraConfig config() throws CheckpointException {
            return AdapterConfigJson.parse(json.get("config").toString(), "case");
        }

        List<String> saved() {
            JsonElement saved = json.getAsJsonObject("config").get("modules_to_save");
            return saved == null
                    ? List.of()
                    : saved.getAsJsonArray().asList().stream()
                            .map(JsonElement::getAsString)
                            .toList();
        }

        /** Returns whether a name ends with an entry, though not from a dot on. */
        boolean savesWithinAName() {
            return saved().stream()
                    .anyMatch(
                            entry ->
                                    names.stream()
                                            .anyMatch(
                                                    name ->
                                                            name.endsWith(entry)
                                                                    && !NameMatch.fits(
                                                                            entry, name)));
        }

        boolean isCondensedWithLayers() {
            JsonObject config = json.getAsJsonObject("config");
            return config.has("layers_to_transform")
                    && config.get("target_modules").isJsonArray()
                    && config.getAsJsonArray("target_modules").size() >= 20;
        }

        ModelLayout layout() {
            List<ModelLayout.Module> modules = new ArrayList<>();
            boolean headSeen = false;
            for (String name : names) {
                String last = name.substring(name.lastIndexOf('.') + 1);
                if (EMBEDDINGS.contains(last)) {
                    modules.add(Layouts.embedding(name));
                } else if (HEADS.contains(last) && !headSeen) {
                    headSeen = true;
                    modules.add(Layouts.head(name, name));
                } else {
                    modules.add(Layouts.linear(name));
                }
            }
            return new ModelLayout(modules);
        }
    }
}
