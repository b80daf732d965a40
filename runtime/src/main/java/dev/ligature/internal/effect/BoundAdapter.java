package dev.ligature.internal.effect;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import dev.ligature.LoraException;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.adapter.ReplacedParameter;
import dev.ligature.internal.adapter.TokenRows;
import dev.ligature.internal.adapter.Values;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.Slots;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One adapter bound to the slots of one model: what it does at which slot. Made once when the
 * adapter is added to the model, so that a request looks nothing up by name.
 */
public final class BoundAdapter {
    private final Slots slots;
    private final AdapterState adapter;
    private final @Nullable SlotEffect[] bySlot;
    private final IdentityHashMap<Parameter, WeightEffect> byWeight = new IdentityHashMap<>();
    private final Coverage coverage;
    private volatile boolean removed;

    public BoundAdapter(Slots slots, AdapterState adapter) {
        this.slots = slots;
        this.adapter = adapter;
        this.bySlot = new SlotEffect[slots.all().size()];
        List<IdentityHashMap<Parameter, WeightEffect>> effects = new ArrayList<>();
        slots.all().forEach(slot -> effects.add(new IdentityHashMap<>(2))); // most stay empty
        replaced(effects, copy -> copy.plan().reason() == ReplacementPlan.Reason.FILE);
        for (FactorPair pair : adapter.pairs()) {
            PairPlan.Reader first = pair.plan().readers().get(0);
            Parameter weight = slots.named(first.slot()).parameter(first.parameter());
            WeightEffect effect = new LowRankEffect(pair, weight);
            for (PairPlan.Reader reader : pair.plan().readers()) {
                Slot slot = slots.named(reader.slot());
                add(effects, slot, slot.parameter(reader.parameter()), effect);
            }
        }
        for (TokenRows rows : adapter.tokenRows()) {
            WeightEffect effect = new TokenRowsEffect(rows);
            for (TokenRowsPlan.Reader reader : rows.plan().readers()) {
                Slot slot = slots.named(reader.module());
                add(effects, slot, Objects.requireNonNull(slot.weight()), effect);
            }
        }
        replaced(effects, copy -> copy.plan().reason() != ReplacementPlan.Reason.FILE);
        for (Slot slot : slots.all()) {
            IdentityHashMap<Parameter, WeightEffect> here = effects.get(slot.index());
            bySlot[slot.index()] = here.isEmpty() ? null : new SlotEffect(slot, adapter, here);
        }
        this.coverage = new Coverage(adapter, slots, bySlot);
    }

    private void replaced(
            List<IdentityHashMap<Parameter, WeightEffect>> effects,
            Predicate<ReplacedParameter> which) {
        for (ReplacedParameter copy : adapter.replaced()) {
            if (which.test(copy)) {
                WeightEffect effect = new ReplacementEffect(copy);
                for (ReplacementPlan.Reader reader : copy.plan().readers()) {
                    Slot slot = slots.named(reader.module());
                    add(effects, slot, slot.parameter(reader.parameter()), effect);
                }
            }
        }
    }

    /** Adds an effect, on top of a copy that stands for the base where there is one. */
    private void add(
            List<IdentityHashMap<Parameter, WeightEffect>> effects,
            Slot slot,
            Parameter parameter,
            WeightEffect effect) {
        WeightEffect old = effects.get(slot.index()).get(parameter);
        WeightEffect now = effect;
        if (old instanceof ReplacementEffect below) {
            WeightEffect other = byWeight.get(parameter);
            boolean shared = other instanceof LayeredEffect layers && layers.above() == effect;
            now = shared && other != null ? other : new LayeredEffect(below, effect);
        }
        effects.get(slot.index()).put(parameter, now);
        if (byWeight.get(parameter) == old) {
            byWeight.put(parameter, now);
        }
    }

    public AdapterState adapter() {
        return adapter;
    }

    /** Returns which parts of the adapter passes have reached. */
    public Coverage coverage() {
        return coverage;
    }

    /** Returns what the adapter does at a slot; null where it does nothing. */
    public @Nullable SlotEffect effectAt(Slot slot) {
        return bySlot[slot.index()];
    }

    public boolean touches(Parameter parameter) {
        return byWeight.containsKey(parameter);
    }

    /** Returns whether the adapter was removed from the model. */
    public boolean isRemoved() {
        return removed;
    }

    /** Records that the adapter was removed from the model. */
    public void markRemoved() {
        removed = true;
    }

    /**
     * Returns an adapted weight, for a reader that is not a slot.
     *
     * @param owner the manager of the result
     * @throws LoraException if the adapter treats its slots differently
     */
    public NDArray view(Parameter weight, NDArray w, NDArray base, Values values, NDManager owner) {
        return onlyEffectOn(weight, "A block reads that weight without going through its field.")
                .apply(w, base, values, owner);
    }

    /** Returns whether the adapter replaces something of the base, and does not only add to it. */
    public boolean replaces() {
        return !adapter.replaced().isEmpty() || !adapter.tokenRows().isEmpty();
    }

    public boolean replaces(Parameter parameter) {
        WeightEffect effect = byWeight.get(parameter);
        return effect != null && effect.replaces();
    }

    /** Returns all parameters that the adapter does something to. */
    public Iterable<Parameter> touched() {
        return byWeight.keySet();
    }

    /**
     * Returns what the adapter does to a parameter, for all its readers.
     *
     * @throws LoraException if the adapter treats the readers differently
     */
    public WeightEffect onlyEffectOn(Parameter parameter, String purpose) {
        WeightEffect first = byWeight.get(parameter);
        if (first == null) {
            throw new IllegalStateException("The adapter does not touch " + parameter.getName());
        }
        for (Slot reader : slots.readersOf(parameter)) {
            if (adaptsItself(reader, parameter) && effect(reader, parameter) != first) {
                throw treatedDifferently(parameter, purpose);
            }
        }
        return first;
    }

    /**
     * Returns whether a slot adapts a parameter that it reads itself. A block inside a composite
     * that reads the weight of another slot does not, and gets the adapted weight.
     */
    private boolean adaptsItself(Slot reader, Parameter parameter) {
        return reader.weight() == parameter || effect(reader, parameter) != null;
    }

    private @Nullable WeightEffect effect(Slot slot, Parameter parameter) {
        SlotEffect effect = bySlot[slot.index()];
        return effect == null ? null : effect.effectOn(parameter);
    }

    private LoraException treatedDifferently(Parameter parameter, String purpose) {
        List<String> readers = new ArrayList<>();
        for (Slot reader : slots.readersOf(parameter)) {
            if (!adaptsItself(reader, parameter)) {
                continue;
            }
            WeightEffect effect = effect(reader, parameter);
            readers.add(
                    reader.name() + " (" + (effect == null ? "not adapted" : effect.kind()) + ")");
        }
        return EffectMessage.TREATED_DIFFERENTLY.error(
                adapter.name(), String.join(", ", readers), purpose);
    }
}
