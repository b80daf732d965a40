package dev.ligature.internal.registry;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import dev.ligature.Combination;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterFactory;
import dev.ligature.internal.adapter.AdapterMessage;
import dev.ligature.internal.adapter.AdapterName;
import dev.ligature.internal.adapter.AdapterParts;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorDraws;
import dev.ligature.internal.adapter.PlainLoraExport;
import dev.ligature.internal.combine.CombinedAdapter;
import dev.ligature.internal.peft.AdapterContents;
import dev.ligature.internal.peft.AdapterDirectory;
import dev.ligature.internal.peft.BaseWeights;
import dev.ligature.internal.resolve.PlanResolver;
import dev.ligature.internal.slot.ModelBinding;
import dev.ligature.internal.slot.Slots;
import dev.ligature.plan.LoraPlan;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PlanWarning;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Registers, renames and removes the adapters of one model. Its lock is held meanwhile, and while
 * the model is unwrapped; requests do not take it.
 */
public final class AdapterRegistry {
    private static final Logger LOG = LoggerFactory.getLogger(AdapterRegistry.class);

    // A model does not show its registry, which is no API. LoraModel sets this for the store.
    private static volatile @Nullable Function<Block, AdapterRegistry> access;

    private final ModelBinding binding;
    private final Slots slots;
    private final RouteTable table;
    private final WarningLog warnings = new WarningLog();

    public AdapterRegistry(ModelBinding binding, RouteTable table) {
        this.binding = binding;
        this.slots = binding.slots();
        this.table = table;
    }

    /** Sets how the registry of a model is found; for the class of the models. */
    public static void setAccess(Function<Block, AdapterRegistry> ofModel) {
        access = ofModel;
    }

    /** Returns the registry of a {@code LoraModel}. */
    public static AdapterRegistry of(Block model) {
        return Objects.requireNonNull(access, "set when the class of the model is loaded")
                .apply(model);
    }

    /** Creates a trainable adapter; if that fails, nothing has changed. */
    public synchronized AdapterState create(String name, LoraConfig config, FactorDraws draws) {
        checkNew(name);
        LoraPlan plan = PlanResolver.resolve(config, slots.layout());
        return owning(
                manager -> {
                    AdapterParts parts = new AdapterFactory(slots, plan, manager, draws).fresh();
                    return add(new AdapterState(name, plan, manager, parts, true));
                });
    }

    /**
     * Reads an adapter without the lock, so that other adapters need not wait for its files.
     *
     * @param room is told how many bytes the arrays take before they are allocated; what it throws
     *     ends the load
     */
    public AdapterState load(
            String name, Path directory, AdapterLoadOptions options, LongConsumer room)
            throws IOException {
        Objects.requireNonNull(directory, "directory");
        Objects.requireNonNull(options, "options");
        checkNew(name);
        AdapterDirectory files = AdapterDirectory.open(directory);
        BaseWeights base =
                new BaseWeights(
                        slots.layout(),
                        (module, parameter) -> slots.named(module).parameter(parameter).getArray());
        LoraPlan plan = files.plan(base, options);
        room.accept(plan.byteCount());
        return owning(
                manager -> {
                    AdapterParts parts =
                            new AdapterFactory(slots, plan, manager)
                                    .of(files.read(plan, base, manager, options));
                    AdapterState read =
                            new AdapterState(name, plan, manager, parts, options.isTrainable());
                    synchronized (this) {
                        checkNew(name); // again: it may be taken, or the model unwrapped, by now
                        return add(read);
                    }
                });
    }

    /** Makes an adapter of arrays that a manager owns. */
    private interface Maker<E extends Exception> {
        AdapterState make(NDManager manager) throws E;
    }

    /** Makes an adapter with a manager of its own, which is closed if that fails. */
    private <E extends Exception> AdapterState owning(Maker<E> maker) throws E {
        NDManager manager = binding.newManager();
        boolean made = false;
        try {
            AdapterState adapter = maker.make(manager);
            made = true;
            return adapter;
        } finally {
            if (!made) {
                manager.close();
            }
        }
    }

    /** Saves an adapter, which cannot be freed meanwhile. */
    public void save(String name, Path directory) throws IOException {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(directory, "directory");
        AdapterState adapter = named(name);
        slots.checkWeights();
        adapter.enter();
        try (PlainLoraExport saved = PlainLoraExport.of(adapter)) {
            AdapterContents contents =
                    AdapterFactory.contents(adapter, saved.factors(), saved.scope());
            AdapterDirectory.write(directory, saved.plan(), contents);
        } finally {
            adapter.exit();
        }
    }

    /**
     * Adds a frozen copy of an adapter as it is now; it cannot be freed meanwhile.
     *
     * @param room is told how many bytes the arrays take before they are allocated; what it throws
     *     ends the copy
     */
    public AdapterState copy(String name, String newName, LongConsumer room) {
        checkNew(newName);
        AdapterState adapter = named(name);
        room.accept(adapter.plan().byteCount());
        adapter.enter();
        try {
            return owning(
                    manager -> {
                        AdapterState copy = adapter.copy(newName, manager);
                        synchronized (this) {
                            checkNew(newName);
                            return add(copy);
                        }
                    });
        } finally {
            adapter.exit();
        }
    }

    /** Makes one adapter of several, which cannot be freed meanwhile. */
    public synchronized AdapterState combine(
            Map<String, Double> weights, String newName, Combination combination) {
        Objects.requireNonNull(newName, "newName");
        checkNew(newName);
        Routing terms = Routing.weighted(weights);
        Map<AdapterState, Double> sources = new LinkedHashMap<>();
        for (int i = 0; i < terms.names().size(); i++) {
            sources.put(named(terms.names().get(i)), terms.weights().get(i));
        }
        List<AdapterState> entered = new ArrayList<>();
        try {
            for (AdapterState source : sources.keySet()) {
                source.enter();
                entered.add(source);
            }
            CombinedAdapter combined = new CombinedAdapter(sources, combination, slots.layout());
            return owning(manager -> add(combined.create(newName, manager)));
        } finally {
            entered.forEach(AdapterState::exit);
        }
    }

    /** Gives an adapter another name. */
    public synchronized void rename(String name, String newName) {
        Objects.requireNonNull(newName, "newName");
        AdapterState adapter = named(name);
        checkNew(newName);
        if (adapter.isShared()) {
            throw AdapterMessage.SHARED.state(name, newName);
        }
        table.rename(name, newName);
    }

    /** Adds an adapter of another model under its name. */
    public synchronized AdapterState share(AdapterRegistry other, String name) {
        Objects.requireNonNull(name, "name");
        AdapterState adapter = other.named(name);
        checkNew(name);
        List<ModelLayout.Module> here = slots.layout().modules();
        List<ModelLayout.Module> there = other.slots.layout().modules();
        List<ModelLayout.Module> foreign = new ArrayList<>(there);
        foreign.removeAll(here);
        if (!foreign.isEmpty() || there.size() != here.size()) {
            throw AdapterMessage.SHARE_MISMATCH.error(
                    name,
                    foreign.isEmpty()
                            ? ""
                            : ": module " + foreign.get(0).name() + " is not the same here");
        }
        adapter.hold();
        table.add(adapter);
        return adapter;
    }

    /** Removes an adapter; an unknown one is an error. */
    public synchronized void remove(String name) {
        Objects.requireNonNull(name, "name");
        table.named(name);
        drop(name);
    }

    /**
     * Gives the base back as it was and removes all adapters, under the lock, so that none is added
     * to a model that is unwrapped.
     *
     * @param before what is done first; what it throws leaves the model wrapped
     */
    public synchronized void unwrap(Runnable before) {
        slots.checkBound();
        before.run();
        undo();
    }

    private void undo() {
        binding.undo();
        table.names().forEach(this::drop);
    }

    /** Unwraps the model, unless that was done already. */
    public synchronized void close() {
        if (slots.isBound()) {
            undo();
        }
    }

    private AdapterState named(String name) {
        return table.named(name).adapter();
    }

    private void checkNew(String name) {
        AdapterName.check(name);
        slots.checkBound();
        slots.checkWeights();
        if (table.contains(name)) {
            throw AdapterMessage.EXISTS.state(name);
        }
    }

    private AdapterState add(AdapterState adapter) {
        adapter.hold();
        table.add(adapter);
        for (PlanWarning warning : warnings.of(adapter.plan().warnings())) {
            LOG.warn("Adapter {}: {}", adapter.name(), warning);
        }
        return adapter;
    }

    private void drop(String name) {
        AdapterState removed = table.remove(name);
        if (removed != null) {
            removed.release();
        }
    }
}
