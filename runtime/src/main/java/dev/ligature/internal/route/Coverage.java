package dev.ligature.internal.route;

import ai.djl.nn.Parameter;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.Slots;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/** What one forward pass reached: the slots it called, and the parameters it asked for in each. */
public final class Coverage {
    private final Slots slots;
    private final boolean[] called;
    private final IdentityHashMap<Slot, Set<Parameter>> asked = new IdentityHashMap<>();

    Coverage(Slots slots) {
        this.slots = slots;
        this.called = new boolean[slots.all().size()];
    }

    /** Takes note that a slot was called. */
    void call(Slot slot) {
        called[slot.index()] = true;
    }

    /** Takes note that the block of a slot asked for a parameter. */
    void ask(Slot slot, Parameter parameter) {
        asked.computeIfAbsent(slot, s -> Collections.newSetFromMap(new IdentityHashMap<>()))
                .add(parameter);
    }

    /** Takes note that a parameter was asked for, whichever slot it belongs to. */
    void askPast(Parameter parameter) {
        for (Slot reader : slots.readersOf(parameter)) {
            call(reader);
            ask(reader, parameter);
        }
    }

    /** Returns whether a slot was called, or one of its parameters asked for without it. */
    public boolean has(Slot slot) {
        return called[slot.index()];
    }

    /** Returns whether a parameter was asked for where a slot reads it. */
    public boolean has(Slot slot, Parameter parameter) {
        return asked.getOrDefault(slot, Set.of()).contains(parameter);
    }
}
