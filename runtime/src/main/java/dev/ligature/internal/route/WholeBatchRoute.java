package dev.ligature.internal.route;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.ligature.internal.adapter.Values;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.effect.SlotEffect;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotCall;
import dev.ligature.internal.slot.Slots;
import dev.ligature.ops.LinearTerms;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The whole batch through one adapter, or through the sum of several. */
public final class WholeBatchRoute implements Route {
    private static final Part[] NOTHING = {};

    private final Slots slots;
    private final List<Term> terms;
    private final SlotReads reads;
    private final Part[][] bySlot;

    /**
     * What one of the adapters does at a slot.
     *
     * @param replaces whether the adapter replaces something of the base, here or elsewhere
     */
    private record Part(SlotEffect effect, double factor, boolean replaces) {}

    public WholeBatchRoute(Slots slots, List<Term> terms) {
        this.slots = slots;
        this.terms = List.copyOf(terms);
        checkReplacing();
        this.reads = new SlotReads(slots, adapters());
        this.bySlot = slots.all().stream().map(this::partsAt).toArray(Part[][]::new);
    }

    private void checkReplacing() {
        List<String> replacing =
                terms.stream()
                        .filter(term -> term.adapter().replaces())
                        .map(term -> term.adapter().adapter().name())
                        .toList();
        if (replacing.size() > 1) {
            throw RouteMessage.REPLACED_TWICE.error(String.join(" and ", replacing));
        }
    }

    private Part[] partsAt(Slot slot) {
        List<Part> parts = new ArrayList<>();
        String dora = null;
        for (Term term : terms) {
            SlotEffect effect = term.adapter().effectAt(slot);
            if (effect != null) {
                parts.add(new Part(effect, term.factor(), term.adapter().replaces()));
                if (dora == null && effect.usesDora()) {
                    dora = term.adapter().adapter().name();
                }
            }
        }
        if (parts.size() > 1 && dora != null) {
            throw RouteMessage.CONFLICT.error(dora, slot.name(), label());
        }
        return parts.toArray(NOTHING);
    }

    @Override
    public Slots slots() {
        return slots;
    }

    @Override
    public List<Term> terms() {
        return terms;
    }

    @Override
    public SlotReads reads() {
        return reads;
    }

    @Override
    public Pass open(ParameterStore raw, NDManager manager) {
        return new Pass() {
            @Override
            public NDList forward(SlotCall call) {
                return WholeBatchRoute.this.forward(call);
            }

            @Override
            public @Nullable LinearTerms linear(SlotCall call) {
                Part[] parts = bySlot[call.slot().index()];
                return switch (parts.length) {
                    case 0 -> call.terms();
                    case 1 -> parts[0].effect().terms(call, parts[0].factor());
                    default -> null;
                };
            }

            @Override
            public boolean isUnadapted(Slot slot) {
                return bySlot[slot.index()].length == 0;
            }

            @Override
            public NDArray view(Parameter parameter, NDArray value, boolean training) {
                return WholeBatchRoute.this.view(parameter, value, training, raw, manager);
            }
        };
    }

    private NDList forward(SlotCall call) {
        Part[] parts = bySlot[call.slot().index()];
        if (parts.length == 0) {
            return call.base();
        }
        if (parts.length == 1) {
            return parts[0].effect().forward(call, parts[0].factor());
        }
        SlotCall prepared = call;
        for (Part part : inOrder(parts)) {
            prepared = part.effect().prepare(prepared, part.factor());
        }
        NDList output = base(parts, prepared);
        if (Arrays.stream(parts).noneMatch(part -> part.effect().hasPair())) {
            return output; // there may be several
        }
        NDArray base = prepared.single(output);
        NDArray sum = base;
        for (Part part : parts) {
            sum = part.effect().addTo(sum, prepared, part.factor());
        }
        return sum == base ? output : new NDList(sum);
    }

    /** Returns the parts, those first that replace what others add to. */
    private static List<Part> inOrder(Part[] parts) {
        return Arrays.stream(parts).sorted(Comparator.comparing(part -> !part.replaces())).toList();
    }

    private static NDList base(Part[] parts, SlotCall prepared) {
        for (Part part : parts) {
            if (part.effect().patchesRows()) {
                return part.effect().replaced(prepared);
            }
        }
        return prepared.base();
    }

    private NDArray view(
            Parameter parameter,
            NDArray value,
            boolean training,
            ParameterStore raw,
            NDManager manager) {
        NDArray view = value;
        NDArray basis = value;
        for (boolean replacing : new boolean[] {true, false}) {
            for (Term term : terms) {
                BoundAdapter adapter = term.adapter();
                if (adapter.touches(parameter) && adapter.replaces(parameter) == replacing) {
                    Values values = adapter.adapter().values(training, raw).times(term.factor());
                    view = adapter.view(parameter, view, basis, values, manager);
                }
            }
            basis = replacing ? view : basis;
        }
        return view;
    }

    @Override
    public String label() {
        return terms.stream()
                .map(term -> term.adapter().adapter().name())
                .collect(Collectors.joining(" + "));
    }
}
