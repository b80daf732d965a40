package dev.ligature.internal.model;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * What files may call the tensors of a model.
 *
 * @param others further names of a tensor, beside its own
 */
public record FileNames(Function<String, List<String>> others) {
    /** Files use the model's own names. */
    public static final FileNames SAME = new FileNames(name -> List.of());

    /** Returns some names of one tensor, and behind them what files may call it instead. */
    public List<String> of(List<String> names) {
        Set<String> all = new LinkedHashSet<>(names);
        names.forEach(name -> all.addAll(others.apply(name)));
        return List.copyOf(all);
    }
}
