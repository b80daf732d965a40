package dev.ligature.internal.adapter;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import dev.ligature.plan.ReplacementPlan;
import java.util.List;
import java.util.stream.Stream;

/** All that an adapter has arrays of, each in the order of the plan. */
public record AdapterParts(
        List<FactorPair> pairs, List<ReplacedParameter> replaced, List<TokenRows> rows) {
    public AdapterParts {
        pairs = List.copyOf(pairs);
        replaced = List.copyOf(replaced);
        rows = List.copyOf(rows);
    }

    /** Returns all parameters by name. */
    ParameterList parameters() {
        ParameterList parameters = new ParameterList();
        for (FactorPair pair : pairs) {
            pair.parameters().forEach(parameter -> add(parameters, parameter));
        }
        trained().forEach(copy -> add(parameters, copy.parameter()));
        rows.forEach(tokens -> add(parameters, tokens.parameter()));
        return parameters;
    }

    /** Returns the copies without those that stand for the base, which are never trained. */
    private Stream<ReplacedParameter> trained() {
        return replaced.stream()
                .filter(copy -> copy.plan().reason() != ReplacementPlan.Reason.FILE);
    }

    private static void add(ParameterList parameters, Parameter parameter) {
        parameters.add(parameter.getName(), parameter);
    }

    /** Returns a copy whose arrays belong to a manager. */
    AdapterParts copy(NDManager manager) {
        ScalarPool scalars = new ScalarPool(manager);
        return new AdapterParts(
                pairs.stream().map(pair -> pair.copy(scalars)).toList(),
                replaced.stream().map(copy -> copy.copy(manager)).toList(),
                rows.stream().map(tokens -> tokens.copy(manager)).toList());
    }

    /** Starts or stops training: what is frozen has no gradient and no place in an optimizer. */
    void freeze(boolean frozen) {
        pairs.forEach(pair -> pair.freeze(frozen));
        replaced.forEach(copy -> copy.parameter().freeze(true));
        trained().forEach(copy -> copy.parameter().freeze(frozen));
        rows.forEach(tokens -> tokens.parameter().freeze(frozen));
    }
}
