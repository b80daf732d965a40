package dev.ligature;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The whole batch through one adapter, or through the sum of several. */
final class SumRoute implements Route {
    private static final Term[] NOTHING = {};

    private final Slots slots;
    private final List<Binding> bindings;
    private final Term[][] bySlot;

    /** What one of the adapters does at a slot. */
    private record Term(Binding binding, SlotEffect effect) {}

    SumRoute(Slots slots, List<Binding> bindings) {
        this.slots = slots;
        this.bindings = List.copyOf(bindings);
        this.bySlot = new Term[slots.all().size()][];
        for (Slot slot : slots.all()) {
            bySlot[slot.index()] = termsAt(slot);
        }
    }

    private Term[] termsAt(Slot slot) {
        List<Term> terms = new ArrayList<>();
        for (Binding binding : bindings) {
            SlotEffect effect = binding.at(slot);
            if (effect != null) {
                terms.add(new Term(binding, effect));
            }
        }
        return terms.toArray(NOTHING);
    }

    @Override
    public Slots slots() {
        return slots;
    }

    @Override
    public List<Binding> bindings() {
        return bindings;
    }

    @Override
    public NDList forward(Slot slot, SlotCall call, RoutedStore pass) {
        Term[] terms = bySlot[slot.index()];
        if (terms.length == 0) {
            return call.base(slot);
        }
        if (terms.length == 1) {
            return call.through(terms[0].effect(), terms[0].binding());
        }
        NDList output = call.base(slot);
        NDArray base = output.singletonOrThrow();
        NDArray sum = base;
        for (Term term : terms) {
            sum = call.onto(sum, term.effect(), term.binding());
        }
        return sum == base ? output : new NDList(sum);
    }

    @Override
    public NDArray view(Parameter parameter, NDArray value, boolean training, RoutedStore pass) {
        NDArray view = value;
        for (Binding binding : bindings) {
            if (binding.touches(parameter)) {
                view = binding.view(parameter, view, value, training, pass);
            }
        }
        return view;
    }

    @Override
    public String label() {
        return bindings.stream()
                .map(binding -> binding.adapter().name())
                .collect(Collectors.joining(" + "));
    }
}
