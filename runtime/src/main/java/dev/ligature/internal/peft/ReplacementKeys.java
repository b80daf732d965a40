package dev.ligature.internal.peft;

import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The names, without PEFT's prefix, that tensors of copies and token rows have in files.
 *
 * <p>A bias of a module that PEFT wraps is below what it is wrapped in.
 */
final class ReplacementKeys {
    static final String PREFIX = "base_model.model.";

    private static final String ROWS = ".token_adapter.trainable_tokens_delta";
    private static final String IN_PAIR = ".base_layer.";
    private static final String IN_ROWS = ".token_adapter.base_layer.";

    private final Set<String> withPair = new HashSet<>();
    private final Set<String> withRows = new HashSet<>();

    ReplacementKeys(LoraPlan plan) {
        for (PairPlan pair : plan.pairs()) {
            pair.readers().forEach(reader -> withPair.add(reader.module()));
        }
        for (TokenRowsPlan rows : plan.tokenRows()) {
            rows.readers().forEach(reader -> withRows.add(reader.module()));
        }
    }

    /** Returns the name under which a copy is written for a reader. */
    String written(ReplacementPlan plan, ReplacementPlan.Reader reader) {
        if (plan.reason() == ReplacementPlan.Reason.SAVED_MODULE) {
            return reader.name();
        }
        if (withPair.contains(reader.module())) {
            return reader.module() + IN_PAIR + reader.parameter();
        }
        return withRows.contains(reader.module())
                ? reader.module() + IN_ROWS + reader.parameter()
                : reader.name();
    }

    /** Returns the names under which a copy may be found for a reader. */
    List<String> found(ReplacementPlan plan, ReplacementPlan.Reader reader) {
        return plan.reason() == ReplacementPlan.Reason.SAVED_MODULE
                ? List.of(reader.name())
                : List.of(
                        reader.name(),
                        reader.module() + IN_PAIR + reader.parameter(),
                        reader.module() + IN_ROWS + reader.parameter());
    }

    /** Returns the name of the rows of a module. */
    String rows(String module) {
        return module + ROWS;
    }

    /**
     * Returns the name that the base's own values of a saved module have where all biases are
     * trained: PEFT writes whatever has bias in its name.
     */
    String original(ReplacementPlan.Reader reader) {
        return reader.module() + ".original_module." + reader.parameter();
    }

    /**
     * Returns the second name that PEFT has for a copy of a saved module in such a file, and the
     * only one if it was saved by {@code save_pretrained}, which leaves out what is there twice.
     */
    String second(ReplacementPlan.Reader reader) {
        return reader.module() + ".modules_to_save." + reader.parameter();
    }
}
