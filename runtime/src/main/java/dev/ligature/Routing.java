package dev.ligature;

import dev.ligature.internal.adapter.AdapterMessage;
import dev.ligature.internal.adapter.AdapterName;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which adapters a request goes through: none, one, several at once with weights, or one for each
 * row of the batch. An immutable value that goes with the request; a model has no active adapter.
 *
 * <pre>{@code
 * Routing.none()                                          // the base alone
 * Routing.of("legal")                                     // one adapter
 * Routing.weighted(Map.of("legal", 0.5))                  // one, at half its scaling
 * Routing.weighted(Map.of("legal", 1.0, "polite", 0.3))   // the sum of two
 * Routing.rows("legal", "medical", Routing.BASE)          // a batch of three
 * }</pre>
 */
public final class Routing {
    /** Names no adapter for a row of {@link #rows}; PEFT's word. No adapter can have this name. */
    public static final String BASE = "__base__";

    /** The name of the input that {@link LoraModel#routedByInput} takes the rows' adapters from. */
    public static final String INPUT = "ligature.adapters";

    private static final Routing NONE = new Routing(Kind.NONE, List.of(), List.of(), List.of());

    /** How the adapters share out a batch. */
    public enum Kind {
        NONE,
        SUM,
        ROWS,
        HANDLES
    }

    private final Kind kind;
    private final List<String> names;
    private final List<Double> weights;
    private final List<Long> handles;
    private final int hash;

    private Routing(Kind kind, List<String> names, List<Double> weights, List<Long> handles) {
        this.kind = kind;
        this.names = List.copyOf(names);
        this.weights = List.copyOf(weights);
        this.handles = List.copyOf(handles);
        this.hash = Arrays.hashCode(new Object[] {kind, names, weights, handles});
    }

    /** Returns the routing through the base model alone. */
    public static Routing none() {
        return NONE;
    }

    /**
     * Returns the routing through one adapter.
     *
     * @param adapter the adapter's name
     */
    public static Routing of(String adapter) {
        Objects.requireNonNull(adapter, "adapter");
        return new Routing(Kind.SUM, List.of(AdapterName.check(adapter)), List.of(1.0), List.of());
    }

    /**
     * Returns the routing through several adapters at once: each weight takes w₁ ΔW₁ + w₂ ΔW₂ + ….
     * A weight multiplies the scaling of its adapter, in every kind of layer; it is also the way to
     * scale a single adapter up or down, for one request and no other. What an adapter replaces
     * (modules to save, token rows, biases) it replaces whole, whatever the weight.
     *
     * @param weights the weight of each adapter by its name, finite as a float; their terms are
     *     added in the map's order, which rounding depends on
     * @throws LoraException if there is no adapter ({@code LoraRoutingEmpty}), or a weight is not
     *     finite ({@code LoraRoutingWeight})
     */
    public static Routing weighted(Map<String, Double> weights) {
        Objects.requireNonNull(weights, "weights");
        if (weights.isEmpty()) {
            throw AdapterMessage.ROUTING_EMPTY.error();
        }
        List<String> names = new ArrayList<>();
        List<Double> factors = new ArrayList<>();
        weights.forEach(
                (name, weight) -> {
                    if (weight == null || !(Math.abs(weight) <= Float.MAX_VALUE)) {
                        throw AdapterMessage.ROUTING_WEIGHT.error(name, String.valueOf(weight));
                    }
                    names.add(AdapterName.check(name));
                    factors.add(weight);
                });
        return new Routing(Kind.SUM, names, factors, List.of());
    }

    /**
     * Returns the routing of a batch, one adapter for each row.
     *
     * @param rows an adapter's name or {@link #BASE} for each index of axis 0
     * @throws LoraException if there is no row ({@code LoraRoutingEmpty}), or a name is invalid
     *     ({@code LoraAdapterName})
     */
    public static Routing rows(String... rows) {
        return rows(List.of(rows));
    }

    /** Returns the routing of a batch; see {@link #rows(String...)}. */
    public static Routing rows(List<String> rows) {
        checkRows(rows.size());
        rows.stream().filter(name -> !name.equals(BASE)).forEach(AdapterName::check);
        return new Routing(Kind.ROWS, rows, List.of(), List.of());
    }

    /**
     * Returns the routing of a batch, one adapter for each row. It names them by handle, so it
     * stays valid if they are renamed.
     *
     * @param rows an adapter or null for the base, for each index of axis 0
     * @throws LoraException {@code LoraRoutingEmpty} if there is no row
     */
    public static Routing rows(@Nullable Adapter... rows) {
        return rowsByHandle(
                Arrays.stream(rows).mapToLong(row -> row == null ? 0 : row.handle()).toArray());
    }

    /**
     * Returns the routing of a batch, one adapter for each row.
     *
     * @param handles an {@link Adapter#handle} or 0 for the base, for each index of axis 0
     * @throws LoraException {@code LoraRoutingEmpty} if there is no row
     */
    public static Routing rowsByHandle(long... handles) {
        checkRows(handles.length);
        return new Routing(
                Kind.HANDLES, List.of(), List.of(), Arrays.stream(handles).boxed().toList());
    }

    private static void checkRows(int rows) {
        if (rows == 0) {
            throw AdapterMessage.ROUTING_NO_ROWS.error();
        }
    }

    /**
     * Returns the adapter's name if there is one for the whole batch, whatever its weight; empty
     * for the base alone, for several, and by rows.
     */
    public Optional<String> adapter() {
        return kind == Kind.SUM && names.size() == 1 ? Optional.of(names.get(0)) : Optional.empty();
    }

    /** Returns the adapters it names, each once, in their first order; none by handles. */
    public Set<String> adapters() {
        Set<String> distinct = new LinkedHashSet<>(names);
        distinct.remove(BASE);
        return distinct;
    }

    /** Returns whether each row of the batch has an adapter of its own. */
    public boolean isByRow() {
        return kind == Kind.ROWS || kind == Kind.HANDLES;
    }

    public Kind kind() {
        return kind;
    }

    /** Returns the names in order: one for each term of a sum, or for each row. */
    public List<String> names() {
        return names;
    }

    /** Returns the weights of the terms of a sum. */
    public List<Double> weights() {
        return weights;
    }

    /** Returns the handle for each row. */
    public List<Long> handles() {
        return handles;
    }

    @Override
    public boolean equals(Object other) {
        return this == other
                || (other instanceof Routing routing
                        && hash == routing.hash
                        && kind == routing.kind
                        && names.equals(routing.names)
                        && weights.equals(routing.weights)
                        && handles.equals(routing.handles));
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return switch (kind) {
            case NONE -> "Routing(none)";
            case ROWS -> "Routing(rows " + String.join(", ", names) + ")";
            case HANDLES ->
                    handles.stream()
                            .map(String::valueOf)
                            .collect(Collectors.joining(", ", "Routing(handles ", ")"));
            case SUM -> {
                List<String> terms = new ArrayList<>();
                for (int i = 0; i < names.size(); i++) {
                    double weight = weights.get(i);
                    terms.add(weight == 1 ? names.get(i) : weight + " · " + names.get(i));
                }
                yield "Routing(" + String.join(" + ", terms) + ")";
            }
        };
    }
}
