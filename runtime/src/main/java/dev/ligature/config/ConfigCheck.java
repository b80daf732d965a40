package dev.ligature.config;

import dev.ligature.LoraException;
import dev.ligature.internal.names.LayerIndex;
import dev.ligature.internal.names.NamePatterns;
import dev.ligature.internal.names.Nearest;
import dev.ligature.internal.names.PythonRegex;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** The rules of a configuration that hold whatever the model. */
final class ConfigCheck {
    /** The task types of PEFT 0.21. */
    private static final List<String> TASK_TYPES =
            List.of(
                    "SEQ_CLS",
                    "SEQ_2_SEQ_LM",
                    "CAUSAL_LM",
                    "TOKEN_CLS",
                    "QUESTION_ANS",
                    "FEATURE_EXTRACTION");

    private ConfigCheck() {}

    /** Returns the selection of targets, where there is one that can match. */
    static ModuleSelection targets(@Nullable ModuleSelection targets, List<String> parameters) {
        if (targets == null || isEmpty(targets)) {
            if (!parameters.isEmpty()) {
                return ModuleSelection.Names.of(List.of());
            }
            throw new LoraException(
                    "LoraTargetsMissing",
                    "target_modules is "
                            + (targets == null ? "not set" : "empty")
                            + ", and no default is guessed from the model's name. Set it: names such"
                            + " as q_proj and v_proj, a regular expression, or all-linear.");
        }
        if (targets instanceof ModuleSelection.Regex regex
                && regex.expression().equalsIgnoreCase(ModuleSelection.AllLinear.WORD)) {
            return new ModuleSelection.AllLinear();
        }
        return targets;
    }

    private static boolean isEmpty(ModuleSelection selection) {
        if (selection instanceof ModuleSelection.Names names) {
            return names.names().isEmpty();
        }
        return selection instanceof ModuleSelection.Regex regex && regex.expression().isEmpty();
    }

    /** Throws if a value is out of range, or if two fields contradict each other. */
    static void check(LoraConfig config) {
        numbers(config);
        task(config);
        bias(config);
        parameters(config);
        selection("target_modules", config.targetModules());
        config.excludeModules().ifPresent(selection -> selection("exclude_modules", selection));
        layers(config);
        config.layersPattern().forEach(p -> regex("layers_pattern", p, LayerIndex::compile));
        patterns("rank_pattern", config.rankPattern());
        patterns("alpha_pattern", config.alphaPattern());
        blank("modules_to_save", config.modulesToSave());
        config.trainableTokenIndices().ifPresent(ConfigCheck::tokens);
    }

    private static void tokens(TokenSelection selection) {
        if (selection instanceof TokenSelection.InputEmbedding all) {
            tokens("trainable_token_indices", all.indices());
        } else if (selection instanceof TokenSelection.ByModule byModule) {
            blank("trainable_token_indices", byModule.indices().keySet());
            byModule.indices()
                    .forEach(
                            (module, indices) ->
                                    tokens("trainable_token_indices of '" + module + "'", indices));
        }
    }

    private static void tokens(String field, List<Integer> indices) {
        if (indices.isEmpty()) {
            throw new LoraException(
                    "LoraTokenIndex", field + " has no index. Name the rows, or leave it out.");
        }
        Set<Integer> seen = new HashSet<>();
        for (int index : indices) {
            if (index < 0 || !seen.add(index)) {
                throw new LoraException(
                        "LoraTokenIndex",
                        field
                                + (index < 0
                                        ? " has the index " + index + ", and no row has one below 0"
                                        : " has the index " + index + " twice")
                                + ". Name each row once, by the id of its token.");
            }
        }
    }

    private static void numbers(LoraConfig config) {
        if (config.rank() <= 0) {
            throw new LoraException(
                    "LoraRank", "r is " + config.rank() + ", not positive. Set it to 1 or more.");
        }
        config.rankPattern()
                .forEach(
                        (pattern, rank) -> {
                            if (rank <= 0) {
                                throw new LoraException(
                                        "LoraRank",
                                        "rank_pattern gives '"
                                                + pattern
                                                + "' the rank "
                                                + rank
                                                + ", not positive. Set it to 1 or more; to leave"
                                                + " the modules out, use exclude_modules.");
                            }
                        });
        finite("lora_alpha", config.loraAlpha());
        config.alphaPattern().forEach((p, alpha) -> finite("alpha_pattern of '" + p + "'", alpha));
        if (!(config.loraDropout() >= 0 && config.loraDropout() < 1)) {
            throw new LoraException(
                    "LoraDropout",
                    "lora_dropout is "
                            + config.loraDropout()
                            + ". It is a probability: set it to 0 or more and less than 1.");
        }
    }

    private static void bias(LoraConfig config) {
        boolean plainInit =
                config.init().equals(LoraInit.DEFAULT) || config.init().equals(LoraInit.RANDOM);
        if (config.loraBias() && (config.useDora() || !plainInit)) {
            throw new LoraException(
                    "LoraBiasCombination",
                    "lora_bias is true, but "
                            + (config.useDora()
                                    ? "use_dora is true"
                                    : "init_lora_weights is " + config.init())
                            + ", which has no bias of B, in PEFT neither. Set one of the two to its"
                            + " default.");
        }
    }

    private static void parameters(LoraConfig config) {
        if (config.targetParameters().isEmpty()) {
            return;
        }
        blank("target_parameters", config.targetParameters());
        String other =
                config.loraDropout() > 0
                        ? "lora_dropout is " + config.loraDropout()
                        : config.loraBias()
                                ? "lora_bias is true"
                                : config.useDora() ? "use_dora is true" : "";
        if (!other.isEmpty()) {
            throw new LoraException(
                    "LoraParameterCombination",
                    "target_parameters is "
                            + config.targetParameters()
                            + ", but "
                            + other
                            + ", which needs the input of a layer, and a parameter has none. Leave"
                            + " it at its default, or target modules.");
        }
    }

    private static void finite(String field, double value) {
        if (!Double.isFinite(value)) {
            throw new LoraException(
                    "LoraAlpha", field + " is " + value + ". Set it to a finite number.");
        }
    }

    private static void task(LoraConfig config) {
        config.taskType()
                .filter(task -> !TASK_TYPES.contains(task))
                .ifPresent(
                        task -> {
                            throw new LoraException(
                                    "LoraTaskType",
                                    "task_type is '"
                                            + task
                                            + "', which PEFT does not know."
                                            + Nearest.hint(task, TASK_TYPES)
                                            + " Leave it out or use one of "
                                            + String.join(", ", TASK_TYPES)
                                            + ".");
                        });
    }

    private static void selection(String field, ModuleSelection selection) {
        if (selection instanceof ModuleSelection.Regex regex) {
            regex(field, regex.expression(), PythonRegex::compile);
        } else if (selection instanceof ModuleSelection.Names names) {
            blank(field, names.names());
        }
    }

    private static void layers(LoraConfig config) {
        boolean byName = config.targetModules() instanceof ModuleSelection.Names;
        boolean given = !config.layersToTransform().isEmpty();
        if (!byName && (given || !config.layersPattern().isEmpty())) {
            throw new LoraException(
                    "LoraLayersWithRegex",
                    (given
                                    ? "layers_to_transform is " + config.layersToTransform()
                                    : "layers_pattern is " + config.layersPattern())
                            + ", but target_modules is "
                            + (config.targetModules() instanceof ModuleSelection.Regex regex
                                    ? "the expression '" + regex.expression() + "'"
                                    : ModuleSelection.AllLinear.WORD)
                            + "; layers apply to a list of names only. List the names, or put the"
                            + " layers into the expression.");
        }
        if (!given && !config.layersPattern().isEmpty()) {
            throw new LoraException(
                    "LoraLayersPatternAlone",
                    "layers_pattern is "
                            + config.layersPattern()
                            + ", but layers_to_transform is not set. Set the indices that the"
                            + " pattern is for, or leave it out.");
        }
        for (int index : config.layersToTransform()) {
            if (index < 0) {
                throw new LoraException(
                        "LoraLayerIndex",
                        "layers_to_transform holds "
                                + index
                                + ", and no layer has a negative index. Count from 0.");
            }
        }
        blank("layers_pattern", config.layersPattern());
    }

    private static void patterns(String field, Map<String, ?> patterns) {
        blank(field, patterns.keySet());
        patterns.keySet().forEach(pattern -> regex(field, pattern, NamePatterns::compile));
    }

    private static void blank(String field, Collection<String> entries) {
        if (entries.stream().anyMatch(String::isBlank)) {
            throw new LoraException(
                    "LoraBlankEntry", field + " has an entry without a name. Remove it.");
        }
    }

    private static void regex(String field, String expression, Consumer<String> compile) {
        try {
            compile.accept(expression);
        } catch (PatternSyntaxException e) {
            throw new LoraException(
                    "LoraRegex",
                    field
                            + " '"
                            + expression
                            + "' is no regular expression that can be used: "
                            + e.getDescription()
                            + ". Correct it"
                            + (field.equals("target_modules")
                                    ? ", or give a list of names."
                                    : "; a dot that is meant is written \\."));
        }
    }
}
