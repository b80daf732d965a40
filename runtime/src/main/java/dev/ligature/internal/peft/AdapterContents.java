package dev.ligature.internal.peft;

import ai.djl.ndarray.NDArray;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The arrays of an adapter, each map in the order of the plan.
 *
 * @param pairs the factors of each pair
 * @param replacements the values of each copy of a parameter
 * @param tokenRows the rows of each weight, (n, d), in the order of the plan's indices
 */
public record AdapterContents(
        Map<PairPlan, Factors> pairs,
        Map<ReplacementPlan, NDArray> replacements,
        Map<TokenRowsPlan, NDArray> tokenRows) {
    /** Copies the maps. */
    public AdapterContents {
        pairs = Collections.unmodifiableMap(new LinkedHashMap<>(pairs));
        replacements = Collections.unmodifiableMap(new LinkedHashMap<>(replacements));
        tokenRows = Collections.unmodifiableMap(new LinkedHashMap<>(tokenRows));
    }

    /** Returns the contents of an adapter that has nothing but pairs. */
    public AdapterContents(Map<PairPlan, Factors> pairs) {
        this(pairs, Map.of(), Map.of());
    }

    /** Returns all arrays. */
    Stream<NDArray> arrays() {
        Stream<NDArray> factors = pairs.values().stream().flatMap(pair -> pair.arrays().stream());
        Stream<NDArray> others =
                Stream.concat(replacements.values().stream(), tokenRows.values().stream());
        return Stream.concat(factors, others);
    }
}
