package dev.ligature.internal.resolve;

import dev.ligature.internal.names.NamePatterns;
import dev.ligature.internal.names.NameVocabulary;
import dev.ligature.plan.ModelLayout;
import java.util.List;
import java.util.Set;

/** Finds the patterns of {@code rank_pattern} and {@code alpha_pattern} that decide nothing. */
final class PatternUse {
    private final ModelLayout layout;
    private final List<ModelLayout.Module> adapted;
    private final NameVocabulary vocabulary;

    /** Patterns that are wrong whatever is targeted. */
    final Problems wrong = new Problems();

    /** Patterns for modules that are not adapted. */
    final Problems idle = new Problems();

    PatternUse(ModelLayout layout, List<ModelLayout.Module> adapted, NameVocabulary vocabulary) {
        this.layout = layout;
        this.adapted = adapted;
        this.vocabulary = vocabulary;
    }

    void check(String field, NamePatterns<?> patterns, Set<String> decisive) {
        for (String pattern : patterns.patterns()) {
            if (decisive.contains(pattern)) {
                continue;
            }
            if (anyMatch(patterns, pattern, adapted)) {
                wrong.add(PlanMessage.PATTERN_SHADOWED, field, pattern);
            } else if (anyMatch(patterns, pattern, layout.modules())) {
                idle.add(PlanMessage.PATTERN_NOT_ADAPTED, field, pattern);
            } else {
                wrong.addUnmatched(field, pattern, vocabulary, vocabulary::suffixes);
            }
        }
    }

    private static boolean anyMatch(
            NamePatterns<?> patterns, String pattern, List<ModelLayout.Module> modules) {
        return modules.stream().anyMatch(module -> patterns.matches(pattern, module.names()));
    }
}
