package dev.ligature.internal.merge;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.LoraException;
import dev.ligature.MergeOptions;
import dev.ligature.block.Cast;
import dev.ligature.block.TiedBlock;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.ExportOptions;
import dev.ligature.checkpoint.ExportReport;
import dev.ligature.internal.adapter.AdapterMessage;
import dev.ligature.internal.adapter.FactorArrays;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.adapter.RefCount;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.effect.Finite;
import dev.ligature.internal.effect.LowRankEffect;
import dev.ligature.internal.effect.OutputBias;
import dev.ligature.internal.effect.WeightEffect;
import dev.ligature.internal.route.Route;
import dev.ligature.internal.slot.ForwardingParameterStore;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotParameter;
import dev.ligature.internal.slot.Slots;
import dev.ligature.plan.PairPlan;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The weights and biases that the adapters of a route change, with the changes added: one array for
 * each parameter, rounded once to the data type of the base. Counts the passes that use them, so
 * that closing frees them after the last.
 */
public final class MergedWeights implements AutoCloseable {
    private final Block base;
    private final Slots slots;
    private final String label;
    private final NDManager manager;
    private final IdentityHashMap<Parameter, NDArray> merged = new IdentityHashMap<>();
    private final MergedParameters parameters;
    private final RefCount uses;

    /**
     * Computes the sums.
     *
     * @param manager the owner of the arrays, closed with this
     * @param closed run when the arrays are freed
     */
    MergedWeights(
            Block base, Route route, NDManager manager, MergeOptions options, Runnable closed) {
        this.base = base;
        this.slots = route.slots();
        this.label = route.label();
        this.manager = manager;
        this.uses =
                new RefCount(
                        () -> {
                            manager.close();
                            closed.run();
                        });
        route.enter();
        try {
            for (BoundAdapter adapter : route.adapters()) {
                for (Parameter weight : adapter.touched()) {
                    if (!merged.containsKey(weight)) {
                        merged.put(weight, merge(weight, route, options));
                    }
                }
            }
            route.terms().forEach(this::mergeBiases);
        } finally {
            route.exit();
        }
        this.parameters = new MergedParameters(base, merged);
    }

    /** Returns the model that the adapters are merged for. */
    public Block base() {
        return base;
    }

    /** Returns the names of the merged adapters, for messages. */
    public String label() {
        return label;
    }

    private record Layer(WeightEffect effect, double factor) {}

    private NDArray merge(Parameter weight, Route route, MergeOptions options) {
        try (NDManager scope = manager.newSubManager()) {
            // The base may be owned by a trainer's graph; merging reads the values alone.
            NDArray w = weight.getArray().stopGradient();
            w.attach(scope);
            List<Layer> layers = new ArrayList<>();
            for (Route.Term term : route.terms()) {
                if (term.adapter().touches(weight)) {
                    WeightEffect effect =
                            term.adapter().onlyEffectOn(weight, "It cannot be merged.");
                    effect.layers().forEach(one -> layers.add(new Layer(one, term.factor())));
                }
            }
            layers.sort(Comparator.comparing(layer -> !layer.effect().replaces()));
            boolean wide = layers.size() > 1 && w.getDataType() == DataType.FLOAT16;
            NDArray sum = wide ? Cast.to(w, DataType.FLOAT32) : w; // (out, in)
            NDArray basis = w;
            String name = "";
            for (Layer layer : layers) {
                sum = layer.effect().merged(sum, basis, layer.factor(), scope); // (out, in)
                basis = layer.effect().replaces() ? sum : basis;
                name = layer.effect().name();
            }
            sum = Cast.to(sum, w.getDataType()); // rounded once
            sum.attach(manager);
            if (options.safe()) {
                checkFinite(sum, name);
            }
            return sum;
        }
    }

    /** Adds s · (the bias of B) to the bias of each block that reads a pair. */
    private void mergeBiases(Route.Term term) {
        for (FactorPair pair : term.adapter().adapter().pairs()) {
            if (pair.plan().loraBias()) {
                for (PairPlan.Reader reader : pair.plan().readers()) {
                    mergeBias(term, pair, slots.named(reader.module()));
                }
            }
        }
    }

    private void mergeBias(Route.Term term, FactorPair pair, Slot slot) {
        Parameter bias = OutputBias.parameterOf(slot, manager);
        if (bias == null) {
            throw AdapterMessage.BIAS_MERGE.error(term.adapter().adapter().name(), slot.name());
        }
        try (NDManager scope = manager.newSubManager()) {
            FactorArrays factors = pair.detached(scope).scaledBy(term.factor(), scope);
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

    private void checkFinite(NDArray sum, String name) {
        if (!Finite.isAll(sum)) {
            throw AdapterMessage.MERGE_NOT_FINITE.error(label, name);
        }
    }

    /** Forwards the base with these arrays in place of its own. */
    public NDList forward(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        if (training) {
            throw isFixed("trained");
        }
        enter();
        try {
            slots.checkBound();
            ParameterStore view = new View(store, inputs.head().getManager());
            return base.forward(view, inputs, false, params);
        } finally {
            uses.exit();
        }
    }

    private void enter() {
        if (!uses.enter()) {
            throw AdapterMessage.MERGED_CLOSED.state(label);
        }
    }

    /** Returns parameters of the base as the merged model has them. */
    public ParameterList parameters(ParameterList ofBase) {
        enter();
        try {
            return parameters.list(ofBase);
        } finally {
            uses.exit();
        }
    }

    /** Writes the parameters of the base as DJL saves them, with these arrays in them. */
    public void save(DataOutputStream stream) throws IOException {
        enter();
        try {
            parameters.save(stream);
        } finally {
            uses.exit();
        }
    }

    /** Returns the error of a change of what is merged. */
    public LoraException isFixed(String change) {
        return AdapterMessage.MERGED_IS_FIXED.error(label, change);
    }

    /** Gives merged arrays in place of the base's. */
    private final class View extends ForwardingParameterStore {
        private final ParameterStore next;

        View(ParameterStore next, NDManager manager) {
            super(next, manager);
            this.next = next;
        }

        @Override
        public NDArray getValue(Parameter parameter, Device device, boolean training) {
            NDArray array = merged.get(parameter);
            return array == null ? next.getValue(parameter, device, training) : array;
        }
    }

    /**
     * Returns the arrays by the names that files have for them, {@code <module>.weight} and {@code
     * <module>.bias}; tied modules have one array.
     */
    public Map<String, NDArray> tensors() {
        Map<String, NDArray> tensors = new TreeMap<>();
        merged.forEach((parameter, array) -> names(parameter).forEach(n -> tensors.put(n, array)));
        return tensors;
    }

    /** Writes a copy of a checkpoint with these arrays in place of its tensors. */
    public ExportReport export(BaseCheckpoint base, Path output, ExportOptions options)
            throws IOException {
        enter();
        try {
            return base.export(output, tensorsOf(base.tensorNames()), untied(), options);
        } finally {
            uses.exit();
        }
    }

    /**
     * Returns the arrays by the names of one file, in which a tensor may stand for all modules that
     * are tied. What the file has under none of its names keeps its first one, and is then an
     * error.
     */
    private Map<String, NDArray> tensorsOf(Set<String> file) {
        Map<String, NDArray> tensors = new TreeMap<>();
        merged.forEach(
                (parameter, array) -> {
                    List<String> names = names(parameter);
                    List<String> there = names.stream().filter(file::contains).toList();
                    (there.isEmpty() ? names.subList(0, 1) : there)
                            .forEach(name -> tensors.put(name, array));
                });
        return tensors;
    }

    private List<String> names(Parameter parameter) {
        List<String> names = new ArrayList<>();
        for (Slot slot : slots.readersOf(parameter)) {
            for (SlotParameter read : slot.parameters()) {
                if (read.parameter() == parameter) {
                    slot.names().forEach(module -> names.add(module + "." + read.name()));
                }
            }
        }
        return names;
    }

    /**
     * Returns the weights of untied modules, merged or as they are in the base, by the names that
     * files have for them. A file of the tied base has no tensor of these.
     */
    public Map<String, NDArray> untied() {
        Map<String, NDArray> untied = new TreeMap<>();
        for (Slot slot : slots.all()) {
            if (slot.base() instanceof TiedBlock tied && tied.isUntied()) {
                Parameter weight = tied.weight();
                NDArray array = merged.getOrDefault(weight, weight.getArray());
                slot.names().forEach(name -> untied.put(name + ".weight", array));
            }
        }
        return untied;
    }

    /** Writes the arrays into the base, in place: all that holds the base's arrays sees it. */
    void write() {
        merged.forEach(
                (parameter, array) -> {
                    try (NDArray base = parameter.getArray().stopGradient()) {
                        base.set(new NDIndex(":"), array);
                    }
                });
        LowRankEffect.baseWasWritten();
    }

    /** Frees the arrays when the passes that use them have ended. */
    @Override
    public void close() {
        uses.close();
    }
}
