package dev.ligature.internal.route;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Parameter;
import dev.ligature.LoraException;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.effect.SlotEffect;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotCall;
import dev.ligature.internal.slot.Slots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The whole batch through one adapter, or through the sum of several. */
public final class WholeBatchRoute implements Route {
    private static final Term[] NOTHING = {};

    private final Slots slots;
    private final List<BoundAdapter> bindings;
    private final Term[][] bySlot;
    private final Set<Parameter> touched;

    /** What one of the adapters does at a slot. */
    private record Term(BoundAdapter binding, SlotEffect effect) {}

    public WholeBatchRoute(Slots slots, List<BoundAdapter> bindings) {
        this.slots = slots;
        this.bindings = List.copyOf(bindings);
        checkReplacing();
        this.touched = Route.touched(bindings);
        this.bySlot = new Term[slots.all().size()][];
        for (Slot slot : slots.all()) {
            bySlot[slot.index()] = termsAt(slot);
        }
    }

    private void checkReplacing() {
        List<BoundAdapter> replacing = bindings.stream().filter(BoundAdapter::replaces).toList();
        if (replacing.size() > 1) {
            throw new LoraException(
                    "LoraReplacedTwice",
                    "The adapters "
                            + replacing.stream()
                                    .map(binding -> binding.adapter().name())
                                    .collect(Collectors.joining(" and "))
                            + " all replace something of the base (modules_to_save,"
                            + " trainable_token_indices, or bias), and what is replaced cannot be"
                            + " summed. Use one of them in a routing, with any number of adapters"
                            + " that only add.");
        }
    }

    private Term[] termsAt(Slot slot) {
        List<Term> terms = new ArrayList<>();
        for (BoundAdapter binding : bindings) {
            SlotEffect effect = binding.at(slot);
            if (effect != null) {
                terms.add(new Term(binding, effect));
            }
        }
        if (terms.size() > 1) {
            terms.forEach(term -> checkSummable(slot, term));
        }
        return terms.toArray(NOTHING);
    }

    private void checkSummable(Slot slot, Term term) {
        if (!term.effect().usesDora()) {
            return;
        }
        throw new LoraException(
                "LoraAdaptersConflict",
                "Adapter "
                        + term.binding().adapter().name()
                        + " uses DoRA at module "
                        + slot.name()
                        + ", which scales what is there, so it cannot be summed with the others of "
                        + label()
                        + ". Route to one of them, or train them without DoRA.");
    }

    @Override
    public Slots slots() {
        return slots;
    }

    @Override
    public List<BoundAdapter> bindings() {
        return bindings;
    }

    @Override
    public boolean touches(Parameter parameter) {
        return touched.contains(parameter);
    }

    @Override
    public NDList forward(Slot slot, SlotCall call, RoutedParameterStore pass) {
        Term[] terms = bySlot[slot.index()];
        if (terms.length == 0) {
            return call.base(slot);
        }
        if (terms.length == 1) {
            return call.through(terms[0].effect(), terms[0].binding());
        }
        SlotCall given = call;
        for (Term term : inOrder(terms)) {
            given = given.given(term.effect(), term.binding());
        }
        Term patching = patching(terms);
        NDList output =
                patching == null
                        ? given.base(slot)
                        : given.replaced(patching.effect(), patching.binding());
        if (Arrays.stream(terms).allMatch(term -> term.effect().pair() == null)) {
            return output; // there may be several
        }
        NDArray base = output.singletonOrThrow();
        NDArray sum = base;
        for (Term term : terms) {
            sum = given.onto(sum, term.effect(), term.binding());
        }
        return sum == base ? output : new NDList(sum);
    }

    /** Returns the terms with those first that replace what others add to. */
    private static List<Term> inOrder(Term[] terms) {
        return Arrays.stream(terms)
                .sorted(Comparator.comparing(term -> !term.binding().replaces()))
                .toList();
    }

    private static @Nullable Term patching(Term[] terms) {
        for (Term term : terms) {
            if (term.effect().patchesRows()) {
                return term;
            }
        }
        return null;
    }

    @Override
    public NDArray view(
            Parameter parameter, NDArray value, boolean training, RoutedParameterStore pass) {
        NDArray view = value;
        NDArray basis = value;
        for (boolean replacing : new boolean[] {true, false}) {
            for (BoundAdapter binding : bindings) {
                if (binding.touches(parameter) && binding.replaces(parameter) == replacing) {
                    view = binding.view(parameter, view, basis, training, pass);
                }
            }
            basis = replacing ? view : basis;
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
