package dev.ligature.internal.peft;

import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.TensorInfo;
import dev.ligature.config.BiasMode;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/** Which tensors of an adapter file hold the copies and the token rows of a plan. */
final class ReplacementTensors {
    private final LoraPlan plan;
    private final AdapterLoadOptions options;
    private final ReplacementKeys keys;

    /** What a name means: one place for all names of the same. */
    private final Map<String, Object> places = new HashMap<>();

    private final Map<Object, TensorInfo> found = new HashMap<>();

    /** What is used of readers for which nothing is found. */
    private final Map<Object, TensorInfo> spare = new HashMap<>();

    private final Set<String> stray = new HashSet<>();
    private final Map<String, ReplacementPlan.Reader> second = new HashMap<>();

    ReplacementTensors(LoraPlan plan, AdapterLoadOptions options) {
        this.plan = plan;
        this.options = options;
        keys = new ReplacementKeys(plan);
        for (ReplacementPlan copy : plan.replacements()) {
            for (ReplacementPlan.Reader reader : copy.readers()) {
                keys.found(copy, reader).forEach(name -> places.put(name, reader));
                if (plan.config().bias() != BiasMode.NONE) {
                    stray.add(keys.original(reader));
                    second.put(keys.second(reader), reader);
                }
            }
        }
        for (TokenRowsPlan rows : plan.tokenRows()) {
            rows.readers().forEach(reader -> places.put(keys.rows(reader.module()), reader));
        }
    }

    /**
     * A tensor that holds rows.
     *
     * @param tensor the tensor
     * @param order which row of the weight each of its rows is
     */
    record Rows(TensorInfo tensor, List<Integer> order) {}

    /** Returns whether a name has a place here. */
    boolean isPlanned(String name) {
        return places.containsKey(name);
    }

    /** Takes a tensor that PEFT writes beside those that are asked for; false if it is none. */
    boolean takeStray(String name, TensorInfo tensor) {
        ReplacementPlan.Reader reader = second.get(name);
        if (reader != null) {
            spare.put(reader, tensor);
        }
        return reader != null || stray.contains(name);
    }

    /** Takes a tensor; returns the one that was there before, if two names mean the same. */
    Optional<TensorInfo> place(String name, TensorInfo tensor) {
        return Optional.ofNullable(found.put(places.getOrDefault(name, name), tensor));
    }

    /** Returns the saved copies of each parameter, and adds the names of what has none. */
    Map<ReplacementPlan, List<TensorInfo>> copies(List<String> missing) {
        Map<ReplacementPlan, List<TensorInfo>> copies = new LinkedHashMap<>();
        for (ReplacementPlan copy : plan.replacements()) {
            List<ReplacementPlan.Reader> readers =
                    saved(copy.readers(), ReplacementPlan.Reader::module, copy.shape());
            if (readers.isEmpty()
                    && !mayBeMissing(copy.readers(), ReplacementPlan.Reader::module)) {
                missing.add(ReplacementKeys.PREFIX + keys.written(copy, copy.readers().get(0)));
            }
            copies.put(copy, readers.stream().map(this::found).toList());
        }
        return copies;
    }

    /** Returns the saved copies of all rows, and adds the names of what has none. */
    Map<TokenRowsPlan, List<Rows>> rows(List<String> missing) {
        Map<TokenRowsPlan, List<Rows>> all = new LinkedHashMap<>();
        for (TokenRowsPlan rows : plan.tokenRows()) {
            List<TokenRowsPlan.Reader> readers =
                    saved(rows.readers(), TokenRowsPlan.Reader::module, shape(rows));
            if (readers.isEmpty() && !mayBeMissing(rows.readers(), TokenRowsPlan.Reader::module)) {
                missing.add(ReplacementKeys.PREFIX + keys.rows(rows.name()));
            }
            all.put(
                    rows,
                    readers.stream()
                            .map(reader -> new Rows(found(reader), reader.order()))
                            .toList());
        }
        return all;
    }

    /**
     * Returns the readers whose tensors are used: all that have one, or that which the options
     * choose; none where they may be missing and one of them does not fit.
     */
    private <R> List<R> saved(List<R> readers, Function<R, String> module, Shape shape) {
        List<R> present =
                readers.stream()
                        .filter(reader -> found.containsKey(reader) || spare.containsKey(reader))
                        .toList();
        List<R> used =
                present.stream()
                        .filter(reader -> options.prefers(module.apply(reader)))
                        .findFirst()
                        .map(List::of)
                        .orElse(present);
        boolean fit = used.stream().allMatch(reader -> found(reader).shape().equals(shape));
        return fit || !mayBeMissing(readers, module) ? used : List.of();
    }

    private <R> boolean mayBeMissing(List<R> readers, Function<R, String> module) {
        return readers.stream().anyMatch(reader -> options.mayBeMissing(module.apply(reader)));
    }

    private TensorInfo found(Object reader) {
        TensorInfo tensor = found.get(reader);
        return tensor == null ? Objects.requireNonNull(spare.get(reader)) : tensor;
    }

    static Shape shape(TokenRowsPlan rows) {
        return new Shape(rows.indices().size(), rows.width());
    }
}
