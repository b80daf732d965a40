package dev.ligature.config;

import dev.ligature.internal.diag.Problem;
import dev.ligature.internal.hint.Nearest;
import dev.ligature.internal.names.LayerIndex;
import dev.ligature.internal.names.NamePatterns;
import dev.ligature.internal.names.PythonRegex;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** The rules of a configuration that hold for every model. Collects what breaks them. */
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

    private final List<Problem<ConfigMessage>> problems = new ArrayList<>();

    /** Throws if a rule was broken. */
    void finish() {
        if (!problems.isEmpty()) {
            throw Problem.error(problems);
        }
    }

    private void add(ConfigMessage message, Object... values) {
        problems.add(Problem.of(message, values));
    }

    ConfigCheck targets(ModuleSelection targets, List<String> parameters) {
        if (parameters.isEmpty() && targets.isEmpty()) {
            add(ConfigMessage.TARGETS_MISSING);
        }
        blank("target_parameters", parameters);
        return selection("target_modules", targets);
    }

    ConfigCheck selection(String field, ModuleSelection selection) {
        if (selection instanceof ModuleSelection.Regex regex) {
            regex(field, regex.expression(), PythonRegex::compile);
        } else if (selection instanceof ModuleSelection.Names names) {
            blank(field, names.names());
        }
        return this;
    }

    ConfigCheck ranks(int rank, List<PatternValue<Integer>> patterns) {
        if (rank <= 0) {
            add(ConfigMessage.RANK, rank);
        }
        for (PatternValue<Integer> entry : patterns) {
            if (entry.value() <= 0) {
                add(ConfigMessage.RANK_PATTERN, entry.pattern(), entry.value());
            }
        }
        return patterns("rank_pattern", patterns);
    }

    ConfigCheck alphas(double alpha, List<PatternValue<Double>> patterns) {
        finite("lora_alpha", alpha);
        patterns.forEach(p -> finite("alpha_pattern of '" + p.pattern() + "'", p.value()));
        return patterns("alpha_pattern", patterns);
    }

    private void finite(String field, double value) {
        if (!Double.isFinite(value)) {
            add(ConfigMessage.ALPHA, field, value);
        }
    }

    private <V> ConfigCheck patterns(String field, List<PatternValue<V>> patterns) {
        blank(field, patterns.stream().map(PatternValue::pattern).toList());
        patterns.forEach(entry -> regex(field, entry.pattern(), NamePatterns::compile));
        return this;
    }

    ConfigCheck dropout(double dropout) {
        if (!(dropout >= 0 && dropout < 1)) {
            add(ConfigMessage.DROPOUT, dropout);
        }
        return this;
    }

    /** Checks what a bias of B can be combined with. */
    ConfigCheck loraBias(boolean loraBias, boolean useDora, LoraInit init) {
        boolean plainInit = init.equals(LoraInit.DEFAULT) || init.equals(LoraInit.RANDOM);
        if (loraBias && (useDora || !plainInit)) {
            add(
                    ConfigMessage.BIAS_COMBINATION,
                    useDora ? "use_dora is true" : "init_lora_weights is " + init);
        }
        return this;
    }

    /** Checks what targeted parameters can be combined with. */
    ConfigCheck parameters(
            List<String> parameters, double dropout, boolean loraBias, boolean useDora) {
        String other =
                dropout > 0
                        ? "lora_dropout is " + dropout
                        : loraBias ? "lora_bias is true" : useDora ? "use_dora is true" : "";
        if (!parameters.isEmpty() && !other.isEmpty()) {
            add(ConfigMessage.PARAMETER_COMBINATION, parameters, other);
        }
        return this;
    }

    ConfigCheck layers(ModuleSelection targets, List<Integer> indices, List<String> patterns) {
        boolean byName = targets instanceof ModuleSelection.Names;
        if (!byName && !indices.isEmpty()) {
            add(ConfigMessage.LAYERS_WITH_REGEX, "layers_to_transform", indices, targets.shown());
        } else if (!byName && !patterns.isEmpty()) {
            add(ConfigMessage.LAYERS_WITH_REGEX, "layers_pattern", patterns, targets.shown());
        } else if (indices.isEmpty() && !patterns.isEmpty()) {
            add(ConfigMessage.LAYERS_PATTERN_ALONE, patterns);
        }
        indices.stream()
                .filter(index -> index < 0)
                .findFirst()
                .ifPresent(index -> add(ConfigMessage.LAYER_INDEX, index));
        blank("layers_pattern", patterns);
        patterns.forEach(pattern -> regex("layers_pattern", pattern, LayerIndex::compile));
        return this;
    }

    ConfigCheck modulesToSave(List<String> entries) {
        blank("modules_to_save", entries);
        return this;
    }

    ConfigCheck tokens(TokenSelection selection) {
        if (selection instanceof TokenSelection.InputEmbedding all) {
            tokens("trainable_token_indices", all.indices());
        } else if (selection instanceof TokenSelection.ByModule byModule) {
            blank("trainable_token_indices", byModule.indices().keySet());
            byModule.indices()
                    .forEach((m, rows) -> tokens("trainable_token_indices of '" + m + "'", rows));
        }
        return this;
    }

    private void tokens(String field, List<Integer> indices) {
        if (indices.isEmpty()) {
            add(ConfigMessage.TOKENS_NONE, field);
        }
        Set<Integer> seen = new HashSet<>();
        for (int index : indices) {
            if (index < 0 || !seen.add(index)) {
                add(
                        index < 0 ? ConfigMessage.TOKEN_NEGATIVE : ConfigMessage.TOKEN_REPEATED,
                        field,
                        index);
                return;
            }
        }
    }

    ConfigCheck task(@Nullable String task) {
        if (task != null && !TASK_TYPES.contains(task)) {
            String known = String.join(", ", TASK_TYPES);
            add(ConfigMessage.TASK_TYPE, task, Nearest.hint(task, TASK_TYPES), known);
        }
        return this;
    }

    private void blank(String field, Collection<String> entries) {
        if (entries.stream().anyMatch(String::isBlank)) {
            add(ConfigMessage.BLANK_ENTRY, field);
        }
    }

    private void regex(String field, String expression, Consumer<String> compile) {
        try {
            compile.accept(expression);
        } catch (PatternSyntaxException e) {
            if (field.equals("target_modules")) {
                add(ConfigMessage.TARGET_REGEX, expression, e.getDescription());
            } else {
                add(ConfigMessage.REGEX, field, expression, e.getDescription());
            }
        }
    }
}
