package dev.ligature.internal.resolve;

import dev.ligature.config.LoraConfigBuilder;
import dev.ligature.config.TokenSelection;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes {@code modules_to_save} and {@code trainable_token_indices} name the modules that the plan
 * decided on, so that PEFT, which finds them and their ties by other rules, means the same ones.
 */
final class ExplicitReplacements {
    private final LoraPlan plan;

    ExplicitReplacements(LoraPlan plan) {
        this.plan = plan;
    }

    void addTo(LoraConfigBuilder builder) {
        modules(builder);
        if (plan.config().trainableTokenIndices().orElse(null) instanceof TokenSelection.ByModule) {
            builder.optTrainableTokenIndices(rows());
        }
    }

    private void modules(LoraConfigBuilder builder) {
        Set<String> saved = new LinkedHashSet<>();
        for (ReplacementPlan copy : plan.replacements()) {
            if (copy.reason() == ReplacementPlan.Reason.SAVED_MODULE) {
                copy.readers().forEach(reader -> saved.add(reader.module()));
            }
        }
        if (!saved.isEmpty()) {
            builder.optModulesToSave(saved);
        }
    }

    private Map<String, List<Integer>> rows() {
        Map<String, List<Integer>> rows = new LinkedHashMap<>();
        for (TokenRowsPlan tokens : plan.tokenRows()) {
            tokens.readers().forEach(reader -> rows.put(reader.module(), tokens.indices()));
        }
        return rows;
    }
}
