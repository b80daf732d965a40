package dev.ligature.internal.registry;

import ai.djl.ndarray.NDManager;
import dev.ligature.Combination;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterFactory;
import dev.ligature.internal.adapter.AdapterMessage;
import dev.ligature.internal.adapter.AdapterName;
import dev.ligature.internal.adapter.AdapterParts;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.PlainLoraExport;
import dev.ligature.internal.combine.CombinedAdapter;
import dev.ligature.internal.peft.AdapterContents;
import dev.ligature.internal.peft.AdapterDirectory;
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
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How adapters come to a model, change their names and leave it. Its lock is held while that is
 * done, and by whoever unwraps the model; requests do not take it.
 */
public final class AdapterRegistry {
    private static final Logger LOG = LoggerFactory.getLogger(AdapterRegistry.class);

    private final ModelBinding wrapping;
    private final Slots slots;
    private final RouteTable table;
    private final WarningLog warnings = new WarningLog();

    public AdapterRegistry(ModelBinding wrapping, RouteTable table) {
        this.wrapping = wrapping;
        this.slots = wrapping.slots();
        this.table = table;
    }

    /** Creates a trainable adapter; if that fails, nothing has changed. */
    public synchronized AdapterState create(String name, LoraConfig config) {
        checkNew(name);
        LoraPlan plan = PlanResolver.resolve(config, slots.layout());
        NDManager manager = wrapping.newManager();
        try {
            AdapterParts parts = new AdapterFactory(slots, plan, manager).fresh();
            return add(new AdapterState(name, plan, manager, parts, true));
        } catch (RuntimeException | Error failure) {
            manager.close();
            throw failure;
        }
    }

    /** Reads without the lock, so that nobody waits for files of an adapter that is not theirs. */
    public AdapterState load(
            String name,
            Path directory,
            boolean trainable,
            AdapterLoadOptions options,
            LongConsumer room)
            throws IOException {
        checkNew(name);
        AdapterDirectory files = AdapterDirectory.open(directory);
        LoraPlan plan = files.plan(slots.layout());
        room.accept(plan.byteCount());
        NDManager manager = wrapping.newManager();
        try {
            AdapterParts parts =
                    new AdapterFactory(slots, plan, manager).of(files.read(plan, manager, options));
            return publish(new AdapterState(name, plan, manager, parts, trainable));
        } catch (IOException | RuntimeException | Error failure) {
            manager.close();
            throw failure;
        }
    }

    /** Saves an adapter, which cannot be freed meanwhile. */
    public void save(String name, Path directory) throws IOException {
        AdapterState adapter = named(name);
        adapter.enter();
        try (PlainLoraExport saved = PlainLoraExport.of(adapter)) {
            AdapterContents contents = AdapterFactory.contents(adapter, saved.factors());
            AdapterDirectory.write(directory, saved.plan(), contents);
        } finally {
            adapter.exit();
        }
    }

    /** Makes one adapter of several, which cannot be freed meanwhile. */
    public synchronized AdapterState combine(
            Map<String, Double> weights, String newName, Combination combination) {
        checkNew(newName);
        Routing terms = Routing.weighted(weights);
        Map<AdapterState, Double> sources = new LinkedHashMap<>();
        for (int i = 0; i < terms.names().size(); i++) {
            sources.put(named(terms.names().get(i)), terms.weights().get(i));
        }
        List<AdapterState> entered = new ArrayList<>();
        NDManager manager = wrapping.newManager();
        try {
            for (AdapterState source : sources.keySet()) {
                source.enter();
                entered.add(source);
            }
            CombinedAdapter combined = new CombinedAdapter(sources, combination, slots.layout());
            return add(combined.create(newName, manager));
        } catch (RuntimeException | Error failure) {
            manager.close();
            throw failure;
        } finally {
            entered.forEach(AdapterState::exit);
        }
    }

    /** Gives an adapter another name. */
    public synchronized void rename(String name, String newName) {
        AdapterState adapter = named(name);
        checkNew(newName);
        if (adapter.isShared()) {
            throw AdapterMessage.SHARED.state(name, newName);
        }
        table.rename(name, newName);
    }

    /** Takes in an adapter of another model under its name. */
    public synchronized AdapterState share(AdapterRegistry other, String name) {
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
        table.named(name);
        drop(name);
    }

    /** Removes all adapters. */
    public synchronized void clear() {
        table.names().forEach(this::drop);
    }

    private AdapterState named(String name) {
        return table.named(name).adapter();
    }

    private void checkNew(String name) {
        AdapterName.check(name);
        slots.checkBound();
        if (table.contains(name)) {
            throw AdapterMessage.EXISTS.state(name);
        }
    }

    private synchronized AdapterState publish(AdapterState adapter) {
        checkNew(adapter.name()); // once more: it may be taken, or the model unwrapped, by now
        return add(adapter);
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
