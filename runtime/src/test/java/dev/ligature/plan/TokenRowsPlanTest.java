package dev.ligature.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.Shape;
import dev.ligature.annotation.Role;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.TokenSelection;
import dev.ligature.internal.resolve.ExplicitConfig;
import dev.ligature.internal.resolve.PlanResolver;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Which modules have rows of their own. First the table of PEFT's documentation,
 * package_reference/lora, "Weight tying" for trainable_token_indices, by base, flag and entries;
 * PEFT's warnings about a tie that is made nevertheless are left out.
 */
class TokenRowsPlanTest {
    @ParameterizedTest
    @CsvSource({
        // base tied, flag, indices (a list, or by module), rows, warning
        "false, false, 1 2,             model.embed_tokens[1 2],                     ''",
        "false, false, e:1 2,           model.embed_tokens[1 2],                     ''",
        "false, true,  1 2,             model.embed_tokens[1 2],              LoraNoTie",
        "false, true,  e:1 2,           model.embed_tokens[1 2],              LoraNoTie",
        "true,  false, 1 2,             model.embed_tokens+lm_head[1 2],             ''",
        "true,  false, e:1 2,           model.embed_tokens+lm_head[1 2],             ''",
        "true,  true,  1 2,             model.embed_tokens+lm_head[1 2],             ''",
        "true,  true,  e:1 2,           model.embed_tokens+lm_head[1 2],             ''",
        "false, false, h:1 2;e:1 2,     model.embed_tokens[1 2] lm_head[1 2],        ''",
        "false, false, h:1 2;e:3 4,     model.embed_tokens[3 4] lm_head[1 2],        ''",
        "false, true,  h:1 2;e:1 2,     model.embed_tokens[1 2] lm_head[1 2], LoraNoTie",
        "false, true,  h:1 2;e:3 4,     model.embed_tokens[3 4] lm_head[1 2], LoraNoTie",
        "true,  false, h:1 2;e:1 2,     model.embed_tokens+lm_head[1 2],             ''",
        "true,  true,  h:1 2;e:1 2,     model.embed_tokens+lm_head[1 2],             ''",
        "true,  false, h:1 2;e:3 4,     lm_head[1 2] model.embed_tokens[3 4],"
                + " LoraTiedWeightSplit",
        "true,  true,  h:1 2;e:3 4,     conflict,                                    ''",
        // PEFT compares lists, so that it refuses another order, and trains two copies without flag
        "true,  true,  h:2 1;e:1 2,     model.embed_tokens+lm_head[1 2],             ''",
        "true,  false, h:2 1;e:1 2,     model.embed_tokens+lm_head[1 2],             ''",
        // PEFT adapts the head alone, with the flag too
        "true,  false, h:1 2,           lm_head[1 2],               LoraTiedWeightSplit",
        "true,  true,  h:1 2,           model.embed_tokens+lm_head[1 2],             ''",
        "false, false, h:1 2,           lm_head[1 2],                                ''",
        "false, true,  h:1 2,           lm_head[1 2],                         LoraNoTie",
    })
    void aTieIsMadeOrWarnedOfAsDocumented(
            boolean tied, boolean flag, String indices, String rows, String warning) {
        LoraConfig config = tokens(indices).optEnsureWeightTying(flag).build();
        if (rows.equals("conflict")) {
            Refused.with(
                    "LoraTokensConflict",
                    () -> PlanResolver.resolve(config, Layouts.llama(tied)),
                    "model.embed_tokens, lm_head read one weight",
                    "[3, 4] of model.embed_tokens and [1, 2] of lm_head",
                    "ensure_weight_tying to false");
            return;
        }
        for (LoraPlan plan :
                List.of(
                        PlanResolver.resolve(config, Layouts.llama(tied)),
                        PlanResolver.resolveForLoading(config, Layouts.llama(tied)))) {
            assertEquals(rows, rows(plan));
            assertEquals(
                    Stream.of(warning).filter(code -> !code.isEmpty()).toList(),
                    plan.warnings().stream().map(PlanWarning::code).toList());
        }
    }

    @Test
    void encoderDecoderAndHead_haveTheRowsOfTheInputEmbedding() {
        ModelLayout layout =
                new ModelLayout(
                        List.of(
                                Layouts.embedding("shared"),
                                tied("encoder.embed_tokens", ModuleKind.EMBEDDING),
                                Layouts.linear("q_proj"),
                                tied("decoder.embed_tokens", ModuleKind.EMBEDDING),
                                tied("lm_head", ModuleKind.LINEAR)));
        LoraPlan list = PlanResolver.resolve(tokens("5 3").build(), layout);
        assertEquals("shared+encoder.embed_tokens+decoder.embed_tokens+lm_head[5 3]", rows(list));
        LoraPlan apart =
                PlanResolver.resolve(
                        config().optTrainableTokenIndices(
                                        Map.of("shared", List.of(5), "lm_head", List.of(6)))
                                .build(),
                        layout);
        assertEquals("lm_head[6] shared+encoder.embed_tokens+decoder.embed_tokens[5]", rows(apart));
        LoraPlan one =
                PlanResolver.resolve(
                        config().optTrainableTokenIndices(
                                        Map.of("decoder.embed_tokens", List.of(6)))
                                .build(),
                        layout);
        assertEquals("decoder.embed_tokens[6]", rows(one));
    }

    @Test
    void rowsCountOnce_andTheReportHasThem() {
        LoraPlan plan = PlanResolver.resolve(tokens("3 5 11").build(), Layouts.llama(true));
        assertEquals(2 * 8 * (24 + 24) + 3 * 24, plan.trainableParameters());
        assertTrue(plan.report().contains("3 of 67 rows"), plan.report());
        assertTrue(plan.report().contains("  tied: lm_head"), plan.report());
    }

    @ParameterizedTest
    @CsvSource({
        "-1, LoraTokenIndex, 'has the index -1, and no row'",
        "3 4 3, LoraTokenIndex, has the index 3 twice",
        "e:, LoraTokenIndex, 'trainable_token_indices of ''embed_tokens'' has no index'",
        "67, LoraTokenRange, '67, but the weight of module model.embed_tokens has 67 rows'",
        "norm:1, LoraTokensUnsupported, 'model.norm, a RmsNorm'",
        "q_porj:1, LoraEntryUnmatched, Did you mean q_proj",
    })
    void badIndices_areErrors(String indices, String code, String part) {
        Refused.with(
                code,
                () -> PlanResolver.resolve(tokens(indices).build(), Layouts.llama(true)),
                part);
    }

    @Test
    void aListWithoutAKnownEmbedding_isAnErrorWithTheRemedy() {
        ModelLayout layout = new ModelLayout(List.of(Layouts.linear("q_proj")));
        Refused.with(
                "LoraNoInputEmbedding",
                () -> PlanResolver.resolve(tokens("1").build(), layout),
                "@LoraTarget(role = INPUT_EMBEDDING)",
                "q_proj");
    }

    @Test
    void twoEntriesForOneModule_mustAgree() {
        Map<String, List<Integer>> indices = new LinkedHashMap<>();
        indices.put("embed_tokens", List.of(1, 2));
        indices.put("model.embed_tokens", List.of(1, 3));
        Refused.with(
                "LoraTokensTwice",
                () ->
                        PlanResolver.resolve(
                                config().optTrainableTokenIndices(indices).build(),
                                Layouts.llama(true)),
                "[1, 2]",
                "'model.embed_tokens', for [1, 3]");
    }

    @ParameterizedTest
    @CsvSource({
        "embed_tokens, ''",
        "lm_head, ''",
        "'', embed_tokens",
        "'', lm_head",
    })
    @Tag("D26")
    void rowsAndAPairOrACopyOnOneWeight_areAConflictWhateverTheFlag(String target, String saved) {
        for (boolean flag : new boolean[] {true, false}) {
            LoraConfig.Builder builder = tokens("1").optEnsureWeightTying(flag);
            if (!target.isEmpty()) {
                builder.setTargetModules("q_proj", target);
            } else {
                builder.optModulesToSave(saved);
            }
            Refused.with(
                    "LoraWeightClaimedTwice",
                    () -> PlanResolver.resolve(builder.build(), Layouts.llama(true)),
                    "model.embed_tokens, lm_head read one weight",
                    "trainable_token_indices gives model.embed_tokens, lm_head rows",
                    "untie the base");
        }
        if (!"embed_tokens".equals(target) && !"embed_tokens".equals(saved)) {
            LoraConfig.Builder untied = tokens("1");
            if (!saved.isEmpty()) {
                untied.optModulesToSave(saved);
            } else {
                untied.setTargetModules("q_proj", target);
            }
            assertEquals(
                    "model.embed_tokens[1]",
                    rows(PlanResolver.resolve(untied.build(), Layouts.llama(false))));
        }
    }

    @Test
    void theExplicitConfiguration_givesAllReadersOneOrder() {
        LoraPlan plan =
                PlanResolver.resolve(
                        tokens("h:2 1;e:1 2").optEnsureWeightTying(true).build(),
                        Layouts.llama(true));
        assertEquals(
                new TokenSelection.ByModule(
                        Map.of("model.embed_tokens", List.of(1, 2), "lm_head", List.of(1, 2))),
                ExplicitConfig.of(plan).trainableTokenIndices().orElseThrow());
        LoraPlan list = PlanResolver.resolve(tokens("2 1").build(), Layouts.llama(true));
        assertEquals(list.config(), ExplicitConfig.of(list));
    }

    private static ModelLayout.Module tied(String name, ModuleKind kind) {
        return Layouts.module(name, Role.MODULE, kind, "Tied", "shared", new Shape(67, 24));
    }

    private static LoraConfig.Builder config() {
        return LoraConfig.builder().setTargetModules("q_proj");
    }

    /** Reads {@code 1 2}, a list, or {@code h:1 2;e:3}, by module. */
    private static LoraConfig.Builder tokens(String text) {
        if (!text.contains(":")) {
            return config().optTrainableTokenIndices(indices(text));
        }
        Map<String, List<Integer>> byModule = new LinkedHashMap<>();
        for (String part : text.split(";", -1)) {
            String[] entry = part.split(":", -1);
            String name =
                    entry[0].equals("e")
                            ? "embed_tokens"
                            : entry[0].equals("h") ? "lm_head" : entry[0];
            byModule.put(name, indices(entry[1]));
        }
        return config().optTrainableTokenIndices(byModule);
    }

    private static List<Integer> indices(String text) {
        return Arrays.stream(text.split(" ", -1))
                .filter(word -> !word.isEmpty())
                .map(Integer::valueOf)
                .toList();
    }

    private static String rows(LoraPlan plan) {
        return plan.tokenRows().stream()
                .map(
                        rows ->
                                rows.readers().stream()
                                                .map(TokenRowsPlan.Reader::module)
                                                .collect(Collectors.joining("+"))
                                        + rows.indices().toString().replace(",", ""))
                .collect(Collectors.joining(" "));
    }
}
