package dev.ligature.checkpoint;

import ai.djl.ndarray.types.Shape;
import dev.ligature.plan.BiasMode;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which tensors of an adapter file hold the copies and the token rows of a plan. */
final class ReplacementTensors {
    private final LoraPlan plan;
    private final AdapterLoadOptions options;
    private final ReplacementKeys keys;

    /** What a name means: one place for all names of the same. */
    private final Map<String, Object> places = new HashMap<>();

    private final Map<Object, TensorInfo> found = new HashMap<>();

    /** What is used where nothing is found. */
    private final Map<ReplacementPlan.Reader, TensorInfo> spare = new HashMap<>();

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
            List<TensorInfo> tensors = new ArrayList<>();
            boolean chosen = false;
            boolean optional = false;
            for (ReplacementPlan.Reader reader : copy.readers()) {
                TensorInfo tensor = found.get(reader);
                optional |= options.mayBeMissing(reader.module());
                if (tensor != null && !chosen) {
                    chosen = options.chooses(reader.module());
                    if (chosen) {
                        tensors.clear();
                    }
                    tensors.add(tensor);
                }
            }
            if (optional && !tensors.stream().allMatch(t -> t.shape().equals(copy.shape()))) {
                tensors.clear();
            }
            if (tensors.isEmpty() && !optional) {
                missing.add(AdapterTensors.PREFIX + keys.written(copy, copy.readers().get(0)));
            }
            copies.put(copy, tensors);
        }
        return copies;
    }

    /** Returns the saved copies of all rows, and adds the names of what has none. */
    Map<TokenRowsPlan, List<Rows>> rows(List<String> missing) {
        Map<TokenRowsPlan, List<Rows>> all = new LinkedHashMap<>();
        for (TokenRowsPlan rows : plan.tokenRows()) {
            List<Rows> tensors = new ArrayList<>();
            boolean chosen = false;
            boolean optional = false;
            for (TokenRowsPlan.Reader reader : rows.readers()) {
                TensorInfo tensor = found.get(reader);
                optional |= options.mayBeMissing(reader.module());
                if (tensor != null && !chosen) {
                    chosen = options.chooses(reader.module());
                    if (chosen) {
                        tensors.clear();
                    }
                    tensors.add(new Rows(tensor, reader.order()));
                }
            }
            if (optional
                    && !tensors.stream().allMatch(t -> t.tensor().shape().equals(shape(rows)))) {
                tensors.clear();
            }
            if (tensors.isEmpty() && !optional) {
                missing.add(AdapterTensors.PREFIX + keys.rows(rows.name()));
            }
            all.put(rows, tensors);
        }
        return all;
    }

    static Shape shape(TokenRowsPlan rows) {
        return new Shape(rows.indices().size(), rows.width());
    }
}
