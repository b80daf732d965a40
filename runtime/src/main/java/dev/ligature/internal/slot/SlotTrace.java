package dev.ligature.internal.slot;

import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The slots that one forward pass called, and what that says of those that it did not. */
public final class SlotTrace {
    private final Slots slots;
    private final boolean[] called;
    private @Nullable Parts parts; // when the pass has ended

    public SlotTrace(Slots slots) {
        this.slots = slots;
        this.called = new boolean[slots.all().size()];
    }

    /** Records that the pass called a slot, or asked for its weight without calling it. */
    public void call(Slot slot) {
        called[slot.index()] = true;
    }

    public boolean has(Slot slot) {
        return called[slot.index()];
    }

    /**
     * Returns whether the pass went by a slot that it should have called: it ran the part of the
     * model that declares the slot, in full, and left out this one module.
     *
     * <p>A part is an instance of a class with annotated fields, and shows in names: {@code
     * layers.0.mlp} declares {@code layers.0.mlp.up}. A pass ran a part if it called a module that
     * the part declares itself, and ran it in full if it called some module of each part inside. A
     * pass that leaves out a part inside (a decoder, an expert, a layer that is dropped) may leave
     * out the modules next to it as well, such as the head after the decoder. An element of a list
     * of modules counts as a part of its own.
     */
    public boolean passesBy(Slot slot) {
        return !has(slot) && slot.names().stream().allMatch(this::passesBy);
    }

    private boolean passesBy(String name) {
        if (parts == null) {
            parts = Parts.of(this);
        }
        String part = part(name);
        return parts.ran.contains(part) && !parts.incomplete.contains(part);
    }

    /**
     * What a pass did with the parts of the model, which have names that end with a dot.
     *
     * @param ran those that it called a module of their own of
     * @param incomplete those that it left out a part inside of
     */
    private record Parts(Set<String> ran, Set<String> incomplete) {
        static Parts of(SlotTrace trace) {
            Parts parts = new Parts(new HashSet<>(), new HashSet<>());
            Set<String> leftOut = new HashSet<>();
            Set<String> entered = new HashSet<>();
            for (Slot slot : trace.slots.all()) {
                boolean called = trace.has(slot);
                for (String name : slot.names()) {
                    if (called) {
                        parts.ran.add(part(name));
                    }
                    Set<String> found = called ? entered : leftOut;
                    String inner = isElement(name) ? name + "." : part(name);
                    for (String at = inner; !at.isEmpty(); at = outer(at)) {
                        found.add(at);
                    }
                }
            }
            leftOut.removeAll(entered);
            for (String inner : leftOut) {
                for (String at = outer(inner); parts.incomplete.add(at); ) {
                    at = outer(at);
                }
            }
            return parts;
        }

        /** Returns the part around a part; empty for the model, and around it. */
        private static String outer(String part) {
            return part.isEmpty() ? "" : part(part.substring(0, part.length() - 1));
        }
    }

    /** Returns the name of the part that declares a module, with its dot; empty for the model. */
    private static String part(String name) {
        return name.substring(0, name.lastIndexOf('.') + 1);
    }

    private static boolean isElement(String name) {
        return name.substring(name.lastIndexOf('.') + 1).chars().allMatch(Character::isDigit);
    }
}
