package dev.ligature;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.Cast;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.block.TiedBlock;
import dev.ligature.internal.adapter.AdapterMessage;
import dev.ligature.internal.adapter.FactorArrays;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.adapter.RefCount;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.effect.WeightEffect;
import dev.ligature.internal.route.Route;
import dev.ligature.internal.slot.ForwardingParameterStore;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotParameter;
import dev.ligature.internal.slot.Slots;
import dev.ligature.plan.PairPlan;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The base model with adapters merged: W + ΔW is computed once per touched weight and used in place
 * of W, so a forward pass costs what the base's costs.
 *
 * <p>Nothing is written to the base. Closing this frees the merged weights, and that is the
 * unmerge: the base is bit for bit what it was, because it was never touched. It costs the memory
 * of the touched weights, and later steps of the adapter are not seen. It may serve any number of
 * threads, next to the base and to other adapters.
 */
public final class MergedModel extends ForwardingBlock implements AutoCloseable {
    private final Block base;
    private final Slots slots;
    private final String adapter;
    private final NDManager manager;
    private final IdentityHashMap<Parameter, NDArray> merged = new IdentityHashMap<>();
    private final RefCount uses;

    public MergedModel(
            Block base, Route route, NDManager manager, MergeOptions options, Runnable closed) {
        this.base = base;
        this.slots = route.slots();
        this.adapter = route.label();
        this.manager = manager;
        this.uses =
                new RefCount(
                        () -> {
                            manager.close();
                            closed.run();
                        });
        route.enter();
        try {
            for (BoundAdapter binding : route.adapters()) {
                for (Parameter weight : binding.touched()) {
                    if (!merged.containsKey(weight)) {
                        merged.put(weight, merge(weight, route, options));
                    }
                }
            }
            route.terms().forEach(this::mergeBiases);
        } finally {
            route.exit();
        }
    }

    private NDArray merge(Parameter weight, Route route, MergeOptions options) {
        try (NDManager scope = manager.newSubManager()) {
            // The base may be owned by a trainer's graph; merging reads the values alone.
            NDArray w = weight.getArray().stopGradient();
            w.attach(scope);
            List<Route.Term> terms =
                    route.terms().stream()
                            .filter(term -> term.adapter().touches(weight))
                            .sorted(Comparator.comparing(t -> !t.adapter().replaces(weight)))
                            .toList();
            boolean wide = terms.size() > 1 && w.getDataType() == DataType.FLOAT16;
            NDArray sum = wide ? Cast.to(w, DataType.FLOAT32) : w; // (out, in)
            NDArray basis = w;
            String name = "";
            for (Route.Term term : terms) {
                WeightEffect effect = term.adapter().onlyEffectOn(weight, "It cannot be merged.");
                sum = effect.merged(sum, basis, term.factor(), scope); // (out, in)
                basis = effect.replaces() ? sum : basis;
                name = effect.name();
            }
            sum = Cast.to(sum, w.getDataType()); // rounded once
            sum.attach(manager);
            if (options.safe()) {
                checkFinite(sum, name, scope);
            }
            return sum;
        }
    }

    /** Puts bias + s · (the bias of B) in place of the bias of each block that reads a pair. */
    private void mergeBiases(Route.Term term) {
        for (FactorPair pair : term.adapter().adapter().pairs()) {
            if (!pair.plan().loraBias()) {
                continue;
            }
            for (PairPlan.Reader reader : pair.plan().readers()) {
                mergeBias(term, pair, slots.named(reader.module()));
            }
        }
    }

    private void mergeBias(Route.Term term, FactorPair pair, Slot slot) {
        Parameter bias = slot.bias();
        if (bias == null) {
            throw AdapterMessage.BIAS_MERGE.error(term.adapter().adapter().name(), slot.name());
        }
        try (NDManager scope = manager.newSubManager()) {
            FactorArrays factors = pair.detached().scaledBy(term.factor(), scope);
            NDArray old = merged.get(bias);
            if (old == null) {
                old = bias.getArray().stopGradient(); // (out)
                old.attach(scope);
            }
            NDArray scaled = Objects.requireNonNull(factors.bias()).mul(factors.scaling());
            scaled.attach(scope);
            NDArray sum = scaled.add(old);
            sum.attach(scope);
            NDArray cast = Cast.to(sum, old.getDataType());
            cast.attach(manager);
            merged.put(bias, cast);
        }
    }

    private void checkFinite(NDArray sum, String name, NDManager scope) {
        NDArray difference = sum.sub(sum); // zero where finite, NaN elsewhere
        difference.attach(scope);
        NDArray broken = difference.isNaN();
        broken.attach(scope);
        NDArray any = broken.any();
        any.attach(scope);
        if (any.getBoolean()) {
            throw AdapterMessage.MERGE_NOT_FINITE.error(adapter, name);
        }
    }

    /**
     * Returns the merged weights by the names of the modules that read them, in the data type of
     * the base; readers of one weight have one array. They live until this is closed.
     */
    public Map<String, NDArray> weights() {
        Map<String, NDArray> weights = new LinkedHashMap<>();
        for (Slot slot : slots.all()) {
            NDArray array = slot.weight() == null ? null : merged.get(slot.weight());
            if (array != null) {
                for (String name : slot.names()) {
                    weights.put(name, array);
                }
            }
        }
        return Collections.unmodifiableMap(weights);
    }

    /**
     * Returns all that is merged by the names that files have for it, {@code <module>.weight} and
     * {@code <module>.bias}; tied modules have one array. They live until this is closed.
     */
    public Map<String, NDArray> tensors() {
        Map<String, NDArray> tensors = new LinkedHashMap<>();
        for (Slot slot : slots.all()) {
            for (SlotParameter read : slot.parameters()) {
                NDArray array = merged.get(read.parameter());
                if (array != null) {
                    slot.names().forEach(name -> tensors.put(name + "." + read.name(), array));
                }
            }
        }
        return Collections.unmodifiableMap(tensors);
    }

    /**
     * Returns the weights of modules that were untied, merged or as they are in the base, by the
     * names that files have for them. A file of the tied base has no tensor of these.
     */
    public Map<String, NDArray> untied() {
        Map<String, NDArray> untied = new LinkedHashMap<>();
        for (Slot slot : slots.all()) {
            if (slot.base() instanceof TiedBlock tied && tied.isUntied()) {
                Parameter weight = tied.weight();
                NDArray array = merged.getOrDefault(weight, weight.getArray());
                slot.names().forEach(name -> untied.put(name + ".weight", array));
            }
        }
        return Collections.unmodifiableMap(untied);
    }

    /** Writes all that is merged into the base. */
    public void write() {
        merged.forEach(
                (parameter, array) -> {
                    try (NDArray base = parameter.getArray().stopGradient()) {
                        base.set(new NDIndex(":"), array); // in place: who holds the array sees it
                    }
                });
    }

    @Override
    public Block base() {
        return base;
    }

    @Override
    public NDList forward(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        if (training) {
            throw AdapterMessage.MERGED_IS_FIXED.error(adapter);
        }
        if (!uses.enter()) {
            throw AdapterMessage.MERGED_CLOSED.state(adapter);
        }
        try {
            slots.checkBound();
            return base.forward(
                    new Store(parameterStore, inputs.head().getManager(), merged),
                    inputs,
                    false,
                    params);
        } finally {
            uses.exit();
        }
    }

    /** Does nothing: neither the base nor the merged weights can be trained here. */
    @Override
    public void freezeParameters(boolean freeze) {}

    /** Does nothing: neither the base nor the merged weights can be trained here. */
    @Override
    public void freezeParameters(boolean freeze, Predicate<Parameter> predicate) {}

    /**
     * Frees the merged weights, when the requests that are under way have ended; the base is as it
     * was.
     */
    @Override
    public void close() {
        uses.close();
    }

    /** Gives merged weights in place of the base's. */
    private static final class Store extends ForwardingParameterStore {
        private final ParameterStore next;
        private final IdentityHashMap<Parameter, NDArray> merged;

        Store(ParameterStore next, NDManager manager, IdentityHashMap<Parameter, NDArray> merged) {
            super(next, manager);
            this.next = next;
            this.merged = merged;
        }

        @Override
        public NDArray getValue(Parameter parameter, Device device, boolean training) {
            NDArray array = merged.get(parameter);
            return array == null ? next.getValue(parameter, device, training) : array;
        }
    }
}
