package dev.ligature.internal.merge;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import dev.ligature.MergeOptions;
import dev.ligature.Routing;
import dev.ligature.internal.adapter.AdapterMessage;
import dev.ligature.internal.registry.RouteTable;
import dev.ligature.internal.route.Route;
import dev.ligature.internal.slot.ModelBinding;
import dev.ligature.internal.slot.Slot;
import dev.ligature.ops.PackedArray;
import java.util.concurrent.atomic.AtomicInteger;

/** Merges the adapters of one model, and counts the merges that are open. */
public final class MergeLedger {
    private final ModelBinding binding;
    private final RouteTable routes;
    private final AtomicInteger open = new AtomicInteger();

    public MergeLedger(ModelBinding binding, RouteTable routes) {
        this.binding = binding;
        this.routes = routes;
    }

    /** Merges beside the base; the result counts as open until it is closed. */
    public MergedWeights open(Routing routing, MergeOptions options) {
        open.incrementAndGet();
        try {
            return merge(routing, options, open::decrementAndGet);
        } catch (RuntimeException | Error failure) {
            open.decrementAndGet();
            throw failure;
        }
    }

    /** Merges into the base's weights; an error, and nothing written, if merges are open. */
    public void write(Routing routing, MergeOptions options) {
        if (open.get() > 0) {
            throw AdapterMessage.MERGES_OPEN.state(open.get());
        }
        try (MergedWeights merged = merge(routing, options, () -> {})) {
            merged.write();
        }
    }

    private void checkFull() {
        for (Slot slot : binding.slots().all()) {
            Parameter weight = slot.weight();
            if (weight != null && weight.getArray() instanceof PackedArray packed) {
                throw AdapterMessage.MERGE_PACKED.state(slot.name(), packed.precision());
            }
        }
    }

    private MergedWeights merge(Routing routing, MergeOptions options, Runnable closed) {
        binding.slots().checkBound();
        binding.slots().checkWeights();
        checkFull();
        if (routing.isByRow()) {
            throw AdapterMessage.MERGE_ROWS.error();
        }
        if (routing.kind() == Routing.Kind.NONE) {
            throw AdapterMessage.NOTHING_TO_MERGE.error();
        }
        Route route = routes.route(routing);
        NDManager manager = binding.newManager();
        try {
            return new MergedWeights(binding.base(), route, manager, options, closed);
        } catch (RuntimeException | Error failure) {
            manager.close();
            throw failure;
        }
    }
}
