package dev.ligature.internal.registry;

import ai.djl.ndarray.NDManager;
import dev.ligature.MergeOptions;
import dev.ligature.MergedModel;
import dev.ligature.Routing;
import dev.ligature.internal.adapter.AdapterMessage;
import dev.ligature.internal.route.Route;
import dev.ligature.internal.slot.ModelBinding;
import java.util.concurrent.atomic.AtomicInteger;

/** The merges of one model's adapters: into views, which are counted, or into the base. */
public final class MergeLedger {
    private final ModelBinding wrapping;
    private final RouteTable adapters;
    private final AtomicInteger open = new AtomicInteger();

    public MergeLedger(ModelBinding wrapping, RouteTable adapters) {
        this.wrapping = wrapping;
        this.adapters = adapters;
    }

    /** Merges adapters into a view, which counts as open until it is closed. */
    public MergedModel open(Routing routing, MergeOptions options) {
        open.incrementAndGet();
        try {
            return merge(routing, options, open::decrementAndGet);
        } catch (RuntimeException | Error failure) {
            open.decrementAndGet();
            throw failure;
        }
    }

    /**
     * Writes adapters into the base's weights; an error, and nothing written, if views are open.
     */
    public void write(Routing routing, MergeOptions options) {
        if (open.get() > 0) {
            throw AdapterMessage.MERGES_OPEN.state(open.get());
        }
        try (MergedModel merged = merge(routing, options, () -> {})) {
            merged.write();
        }
    }

    private MergedModel merge(Routing routing, MergeOptions options, Runnable closed) {
        wrapping.slots().checkBound();
        Route route = route(routing);
        NDManager manager = wrapping.newManager();
        try {
            return new MergedModel(wrapping.base(), route, manager, options, closed);
        } catch (RuntimeException | Error failure) {
            manager.close();
            throw failure;
        }
    }

    private Route route(Routing routing) {
        if (routing.isByRow()) {
            throw AdapterMessage.MERGE_ROWS.error();
        }
        if (routing.kind() == Routing.Kind.NONE) {
            throw AdapterMessage.NOTHING_TO_MERGE.error();
        }
        return adapters.route(routing);
    }
}
