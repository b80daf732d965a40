package dev.ligature.internal.slot;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import dev.ligature.block.AdaptableBlock;
import dev.ligature.inject.ModuleVisitor;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.PairPlan;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The slots of one wrapped model, and the blocks that stand in its fields. Fixed when the model is
 * wrapped; adapters that come later change nothing here.
 */
public final class Slots {
    private final List<Slot> slots;
    private final ModelLayout layout;
    private final IdentityHashMap<Block, SlotBlock> byBase = new IdentityHashMap<>();
    private final Map<String, Slot> byName;
    private final @Nullable Parameter any; // tells whether the base has its arrays
    private volatile boolean bound;

    Slots(List<Slot> slots, Map<String, Slot> byName, ModelLayout layout, @Nullable Parameter any) {
        this.any = any;
        this.slots = List.copyOf(slots);
        this.byName = Map.copyOf(byName);
        this.layout = layout;
        for (Slot slot : slots) {
            byBase.put(slot.base(), new SlotBlock(slot));
        }
    }

    public List<Slot> all() {
        return slots;
    }

    /** Returns whether a slot is one of these, and not of another wrapped model. */
    public boolean has(Slot slot) {
        return slot.index() < slots.size() && slots.get(slot.index()) == slot;
    }

    public ModelLayout layout() {
        return layout;
    }

    public Slot named(String name) {
        Slot slot = byName.get(name);
        if (slot == null) {
            throw new IllegalStateException("No module " + name);
        }
        return slot;
    }

    /** Returns the weight that a pair is for. */
    public NDArray weightOf(PairPlan pair) {
        PairPlan.Reader reader = pair.readers().get(0);
        return named(reader.slot()).parameter(reader.parameter()).getArray();
    }

    /** Returns the slots that read a parameter. */
    public List<Slot> readersOf(Parameter parameter) {
        return slots.stream().filter(slot -> slot.reads(parameter)).toList();
    }

    /** Throws if the slots are not in the model's fields any more, or the base has no arrays. */
    public void checkBound() {
        if (!bound) {
            throw SlotMessage.UNWRAPPED.state();
        }
        if (!hasArrays()) {
            throw SlotMessage.BASE_CLOSED.state();
        }
    }

    /** Throws if a block reads another weight than it did when the model was wrapped. */
    public void checkWeights() {
        for (Slot slot : slots) {
            if (slot.base() instanceof AdaptableBlock block && block.weight() != slot.weight()) {
                String type = block.getClass().getSimpleName();
                throw SlotMessage.WEIGHT_CHANGED.state(slot.name(), type);
            }
        }
    }

    /** Returns whether the manager of the base's arrays is open. */
    boolean hasArrays() {
        return any == null || (any.isInitialized() && any.getArray().getManager().isOpen());
    }

    /** Returns whether the model is wrapped. */
    public boolean isBound() {
        return bound;
    }

    /** Returns the visitor that puts slot blocks into the model's fields. */
    ModuleVisitor binder() {
        bound = true;
        return exchange(byBase::get);
    }

    /** Returns the visitor that puts the base blocks back. */
    ModuleVisitor unbinder() {
        bound = false;
        return exchange(block -> block instanceof SlotBlock slot ? slot.base() : block);
    }

    private static ModuleVisitor exchange(Function<Block, @Nullable Block> others) {
        return (path, role, block) -> {
            Block other = others.apply(block);
            if (other == null) {
                throw new IllegalStateException("Module " + path + " changed while it was wrapped");
            }
            return other;
        };
    }
}
