package dev.ligature.plan;

import dev.ligature.config.LoraConfig;
import java.util.List;

/**
 * A configuration resolved for a model: which weights get a factor pair, of which rank and scaling,
 * which parameters are replaced, and which modules read them. All rules of matching and tying and
 * all conflicts are decided before anything is allocated.
 *
 * @param config the configuration that was resolved
 * @param pairs the pairs, in the order of the model's modules
 * @param replacements the copies of whole parameters, those of saved modules before biases
 * @param tokenRows the rows with values of their own
 * @param warnings what is doubtful; the caller logs it
 */
public record LoraPlan(
        LoraConfig config,
        List<PairPlan> pairs,
        List<ReplacementPlan> replacements,
        List<TokenRowsPlan> tokenRows,
        List<PlanWarning> warnings) {
    /** Copies the lists. */
    public LoraPlan {
        pairs = List.copyOf(pairs);
        replacements = List.copyOf(replacements);
        tokenRows = List.copyOf(tokenRows);
        warnings = List.copyOf(warnings);
    }

    /**
     * Returns the number of elements of all factors, copies and rows that can be trained; what
     * several modules read counts once.
     */
    public long trainableParameters() {
        return pairs.stream().mapToLong(PairPlan::parameterCount).sum()
                + replacements.stream()
                        .filter(copy -> copy.reason() != ReplacementPlan.Reason.FILE)
                        .mapToLong(ReplacementPlan::parameterCount)
                        .sum()
                + tokenRows.stream().mapToLong(TokenRowsPlan::parameterCount).sum();
    }

    /** Returns the number of bytes of all factors, copies and rows. */
    public long byteCount() {
        return pairs.stream().mapToLong(PairPlan::byteCount).sum()
                + replacements.stream()
                        .mapToLong(copy -> copy.parameterCount() * copy.dataType().getNumOfBytes())
                        .sum()
                + tokenRows.stream()
                        .mapToLong(rows -> rows.parameterCount() * rows.dataType().getNumOfBytes())
                        .sum();
    }

    /** Returns a table of the pairs and their readers, then the warnings, to be printed. */
    public String report() {
        return PlanReport.of(pairs, replacements, tokenRows, trainableParameters(), warnings);
    }
}
