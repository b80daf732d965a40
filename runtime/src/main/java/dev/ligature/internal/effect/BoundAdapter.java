package dev.ligature.internal.effect;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import dev.ligature.LoraException;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.adapter.ReplacedParameter;
import dev.ligature.internal.adapter.TokenRows;
import dev.ligature.internal.route.Coverage;
import dev.ligature.internal.route.RoutedParameterStore;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.Slots;
import dev.ligature.plan.PairPlan;
import dev.ligature.plan.ReplacementPlan;
import dev.ligature.plan.TokenRowsPlan;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One adapter laid over the slots of one model: what it does at which slot. Made once when the
 * adapter comes to the model, so that a request looks nothing up by name.
 */
public final class BoundAdapter {
    private final Slots slots;
    private final AdapterState adapter;
    private final @Nullable SlotEffect[] bySlot;
    private final IdentityHashMap<Parameter, WeightEffect> byWeight = new IdentityHashMap<>();
    private volatile boolean reachedAll;
    private volatile boolean removed;

    public BoundAdapter(Slots slots, AdapterState adapter) {
        this(slots, adapter, 1);
    }

    private BoundAdapter(Slots slots, AdapterState adapter, double factor) {
        this.slots = slots;
        this.adapter = adapter;
        this.bySlot = new SlotEffect[slots.all().size()];
        List<IdentityHashMap<Parameter, WeightEffect>> effects = new ArrayList<>();
        slots.all().forEach(slot -> effects.add(new IdentityHashMap<>(2))); // most stay empty
        for (FactorPair pair : adapter.pairs()) {
            WeightEffect effect = new LowRankEffect(pair, factor);
            for (PairPlan.Reader reader : pair.plan().readers()) {
                Slot slot = slots.named(reader.slot());
                add(effects, slot, slot.parameter(reader.parameter()), effect);
            }
        }
        for (TokenRows rows : adapter.tokenRows()) {
            WeightEffect effect = new TokenRowsEffect(rows);
            for (TokenRowsPlan.Reader reader : rows.plan().readers()) {
                addToWeight(effects, slots.named(reader.module()), effect);
            }
        }
        for (ReplacedParameter copy : adapter.replaced()) {
            WeightEffect effect = new ReplacementEffect(copy);
            for (ReplacementPlan.Reader reader : copy.plan().readers()) {
                Slot slot = slots.named(reader.module());
                add(effects, slot, slot.parameter(reader.parameter()), effect);
            }
        }
        for (Slot slot : slots.all()) {
            IdentityHashMap<Parameter, WeightEffect> here = effects.get(slot.index());
            bySlot[slot.index()] = here.isEmpty() ? null : new SlotEffect(slot, here);
        }
    }

    private void addToWeight(
            List<IdentityHashMap<Parameter, WeightEffect>> effects,
            Slot slot,
            WeightEffect effect) {
        Parameter weight = slot.weight();
        if (weight == null) {
            throw new IllegalStateException("Module " + slot.name() + " has no weight");
        }
        add(effects, slot, weight, effect);
    }

    private void add(
            List<IdentityHashMap<Parameter, WeightEffect>> effects,
            Slot slot,
            Parameter parameter,
            WeightEffect effect) {
        effects.get(slot.index()).put(parameter, effect);
        byWeight.putIfAbsent(parameter, effect);
    }

    /** Returns the adapter with its scaling multiplied. */
    public BoundAdapter scaledBy(double factor) {
        return factor == 1 ? this : new BoundAdapter(slots, adapter, factor);
    }

    Slots slots() {
        return slots;
    }

    public AdapterState adapter() {
        return adapter;
    }

    /** Returns what the adapter does at a slot; null where it does nothing. */
    public @Nullable SlotEffect at(Slot slot) {
        return bySlot[slot.index()];
    }

    public boolean touches(Parameter parameter) {
        return byWeight.containsKey(parameter);
    }

    /** Returns whether the adapter was taken out of the model. */
    public boolean isRemoved() {
        return removed;
    }

    /** Takes note that the adapter was taken out of the model. */
    public void markRemoved() {
        removed = true;
    }

    /** Returns whether a pass of that kind trains the adapter. */
    public boolean trains(boolean training) {
        return training && adapter.isTrainable();
    }

    /**
     * Returns a touched weight as the adapter has it, for a reader that is not a slot.
     *
     * @param w the base's, or that with other adapters
     * @param base the base's
     * @throws LoraException if the adapter treats its slots differently
     */
    public NDArray view(
            Parameter weight,
            NDArray w,
            NDArray base,
            boolean training,
            RoutedParameterStore pass) {
        WeightEffect effect =
                onlyEffectOn(weight, "A block reads that weight without going through its field.");
        return trains(training)
                ? effect.trained(w, base, pass.raw(), pass.getManager())
                : effect.adapted(w, base, pass.getManager());
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
     * @param parameter a touched parameter
     * @param purpose what it is wanted for, for the message
     * @throws LoraException if the adapter treats the readers differently
     */
    public WeightEffect onlyEffectOn(Parameter parameter, String purpose) {
        WeightEffect first = byWeight.get(parameter);
        if (first == null) {
            throw new IllegalStateException("The adapter does not touch " + parameter.getName());
        }
        for (Slot reader : slots.readersOf(parameter)) {
            if (hasSay(reader, parameter) && effect(reader, parameter) != first) {
                throw treatedDifferently(parameter, purpose);
            }
        }
        return first;
    }

    /**
     * Returns whether a slot decides how it reads a parameter. A block inside a composite that
     * reads the weight of another slot does not, and gets what there is.
     */
    private boolean hasSay(Slot reader, Parameter parameter) {
        return reader.weight() == parameter || effect(reader, parameter) != null;
    }

    private @Nullable WeightEffect effect(Slot slot, Parameter parameter) {
        SlotEffect effect = bySlot[slot.index()];
        return effect == null ? null : effect.on(parameter);
    }

    private LoraException treatedDifferently(Parameter parameter, String purpose) {
        List<String> readers = new ArrayList<>();
        for (Slot reader : slots.readersOf(parameter)) {
            if (!hasSay(reader, parameter)) {
                continue;
            }
            WeightEffect effect = effect(reader, parameter);
            readers.add(
                    reader.name() + " (" + (effect == null ? "not adapted" : effect.kind()) + ")");
        }
        return new LoraException(
                "LoraTieTreatedDifferently",
                "Adapter "
                        + adapter.name()
                        + " treats the readers of one tied weight differently: "
                        + String.join(", ", readers)
                        + ". "
                        + purpose
                        + " One weight cannot hold two updates. Give the readers weights of their"
                        + " own before training (untie the base), or train the adapter with"
                        + " ensure_weight_tying.");
    }

    public boolean wasReached() {
        return reachedAll;
    }

    /** Takes note of what the first forward pass reached; what it missed is an error. */
    public void checkReached(Coverage reach) {
        List<String> blocks = new ArrayList<>();
        List<String> parameters = new ArrayList<>();
        for (Slot slot : slots.all()) {
            SlotEffect effect = bySlot[slot.index()];
            if (effect != null && !reach.has(slot)) {
                blocks.add(slot.name());
            } else if (effect != null) {
                slot.parameters().stream()
                        .filter(read -> effect.replacedParameters().contains(read.parameter()))
                        .filter(read -> !reach.has(slot, read.parameter()))
                        .forEach(read -> parameters.add(slot.name() + "." + read.name()));
            }
        }
        if (!blocks.isEmpty()) {
            throw neverReached(
                    blocks,
                    "neither called the block nor asked for its weight",
                    "Call the block through its annotated field, or take the module out of"
                            + " target_modules.");
        }
        if (!parameters.isEmpty()) {
            throw neverReached(
                    parameters,
                    "never asked for that parameter of the block",
                    "Use it in the block's forward pass, or take it out of target_parameters, or its"
                            + " module out of modules_to_save.");
        }
        reachedAll = true;
    }

    private LoraException neverReached(List<String> missed, String how, String remedy) {
        return new LoraException(
                "LoraNeverReached",
                "Adapter "
                        + adapter.name()
                        + " adapts "
                        + String.join(", ", missed)
                        + ", but the forward pass "
                        + how
                        + ", so the adapter has no effect there. "
                        + remedy);
    }
}
