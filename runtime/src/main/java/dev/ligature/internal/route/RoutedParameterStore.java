package dev.ligature.internal.route;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.internal.slot.ForwardingParameterStore;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotCall;
import dev.ligature.internal.slot.SlotRouter;
import dev.ligature.internal.slot.SlotTrace;
import dev.ligature.ops.LinearTerms;
import dev.ligature.ops.ModelPass;
import dev.ligature.ops.PackedArray;
import java.util.IdentityHashMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The parameter store of one forward pass: it carries the adapters of the request to the slots, and
 * delegates to the caller's store.
 *
 * <p>Slots give their base block the caller's values of what the slot itself adapts. Any other
 * block that asks for an adapted weight, such as a head written as a matrix product or a block
 * inside a composite that is tied to another slot, gets W + ΔW.
 */
final class RoutedParameterStore extends SlotRouter {
    private final ParameterStore raw;
    private final NDManager manager;
    private final Route route;
    private final SlotReads reads;
    private final Pass pass;
    private final @Nullable SlotTrace trace;
    private @Nullable IdentityHashMap<Parameter, NDArray> views;

    RoutedParameterStore(ParameterStore raw, NDManager manager, Route route) {
        // The manager of the request, and not the caller's, which may live for ever.
        super(raw, manager);
        this.raw = raw;
        this.manager = manager;
        this.route = route;
        this.reads = route.reads();
        this.pass = route.open(raw, manager);
        this.trace = route.isSettled() ? null : new SlotTrace(route.slots());
    }

    @Override
    public boolean routes(Slot slot) {
        return route.slots().has(slot);
    }

    @Override
    public NDList forward(
            Slot slot, NDList inputs, boolean training, @Nullable PairList<String, Object> params) {
        if (trace != null) {
            trace.call(slot);
        }
        SlotCall call = new SlotCall(slot, storeOf(slot), inputs, training, params);
        try {
            return pass.forward(call);
        } catch (EngineException e) {
            throw call.explained(e);
        }
    }

    @Override
    public @Nullable LinearTerms linear(Slot slot, NDArray x) {
        if (trace != null) {
            trace.call(slot);
        }
        return pass.linear(new SlotCall(slot, storeOf(slot), new NDList(x), false, null));
    }

    @Override
    public boolean isUnadapted(Slot slot) {
        if (trace != null) {
            trace.call(slot);
        }
        return pass.isUnadapted(slot);
    }

    private ParameterStore storeOf(Slot slot) {
        return switch (reads.access(slot)) {
            case RAW -> raw;
            case PASS -> this;
            case OWN_RAW -> ownRaw(slot);
        };
    }

    /** So a block inside a composite that reads the weight of another slot gets W + ΔW. */
    private ParameterStore ownRaw(Slot slot) {
        return new ForwardingParameterStore(this, manager) {
            @Override
            public NDArray getValue(Parameter parameter, Device device, boolean training) {
                ParameterStore store =
                        reads.isOwn(slot, parameter) ? raw : RoutedParameterStore.this;
                return store.getValue(parameter, device, training);
            }
        };
    }

    @Override
    public @Nullable ModelPass modelPass() {
        ModelPass next = super.modelPass();
        if (next == null || !route.takesSomeTokens()) {
            return null;
        }
        return new PartsAlone(next);
    }

    /** A part that goes back by itself has a graph of its own: it reads no views of others. */
    private final class PartsAlone implements ModelPass {
        private final ModelPass next;

        PartsAlone(ModelPass next) {
            this.next = next;
        }

        @Override
        public NDArray head(NDArray hidden, UnaryOperator<NDArray> head) {
            return next.head(hidden, x -> x == hidden ? head.apply(x) : alone(head, x));
        }

        @Override
        public boolean recomputesLayers() {
            return next.recomputesLayers();
        }

        @Override
        public NDArray layer(NDArray x, UnaryOperator<NDArray> layer) {
            views = null; // what comes behind a layer reads no views from before it
            return next.layer(x, in -> alone(layer, in));
        }

        private NDArray alone(UnaryOperator<NDArray> part, NDArray x) {
            IdentityHashMap<Parameter, NDArray> others = views;
            views = null;
            try {
                return part.apply(x);
            } finally {
                views = others;
            }
        }
    }

    @Override
    public NDArray getValue(Parameter parameter, Device device, boolean training) {
        if (parameter == null || !reads.touches(parameter)) {
            return raw.getValue(parameter, device, training);
        }
        if (views == null) {
            views = new IdentityHashMap<>();
        }
        return views.computeIfAbsent(parameter, weight -> view(weight, device, training));
    }

    private NDArray view(Parameter weight, Device device, boolean training) {
        if (trace != null) {
            for (Slot reader : route.slots().readersOf(weight)) {
                reader.reach();
                reader.ask(weight);
                trace.call(reader);
            }
        }
        NDArray value = raw.getValue(weight, device, training);
        return pass.view(weight, PackedArray.plain(value, manager), training);
    }

    /** Ends the pass, also after an error. */
    void end() {
        pass.end();
    }

    /** Reports adapter parts that a pass should have reached and did not. */
    void checkReached(boolean training) {
        if (trace != null) {
            for (Route.Term term : route.terms()) {
                term.adapter().coverage().check(trace, training);
            }
        }
    }
}
