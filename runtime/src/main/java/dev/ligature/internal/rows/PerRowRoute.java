package dev.ligature.internal.rows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import dev.ligature.internal.adapter.Values;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.route.Pass;
import dev.ligature.internal.route.Route;
import dev.ligature.internal.route.SlotReads;
import dev.ligature.internal.rows.BatchRule.Way;
import dev.ligature.internal.rows.FactorStackCache.Stacks;
import dev.ligature.internal.rows.RowGroups.Group;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotCall;
import dev.ligature.internal.slot.Slots;
import dev.ligature.ops.LinearTerms;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A batch whose rows go through adapters of their own; for serving. */
public final class PerRowRoute implements Route {
    private final Slots slots;
    private final List<Term> terms;
    private final RowGroups rows;
    private final FactorStackCache cache;
    private final FactorStackCache.Key sameAdapters;
    private final FactorStackCache.Key withBase;
    private volatile @Nullable BatchPlan plan;

    /**
     * Creates a route.
     *
     * @param rows the adapter of each row; null for the base alone
     */
    public PerRowRoute(Slots slots, List<@Nullable BoundAdapter> rows, FactorStackCache cache) {
        this.slots = slots;
        this.rows = RowGroups.of(rows);
        this.cache = cache;
        this.terms =
                this.rows.groups().stream()
                        .map(Group::adapter)
                        .filter(Objects::nonNull)
                        .map(adapter -> new Term(adapter, 1))
                        .toList();
        this.sameAdapters =
                new FactorStackCache.Key(
                        Way.MASKED, this.rows.byHandle().stream().map(Group::adapter).toList());
        this.withBase =
                new FactorStackCache.Key(
                        Way.STACKED, this.rows.allByHandle().stream().map(Group::adapter).toList());
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
        return plan().reads();
    }

    @Override
    public boolean takesSomeTokens() {
        return false; // axis 0 says whose they are
    }

    @Override
    public void checkTraining() {
        throw RowsMessage.TRAINING.error(label());
    }

    @Override
    public String label() {
        return rows.label();
    }

    /** Returns what is done at each slot. */
    BatchPlan plan() {
        BatchPlan made = plan;
        if (made == null) {
            // Not when the route is made: that is under a lock. Twice by two threads is as good.
            SlotReads reads = new SlotReads(slots, adapters());
            made = BatchPlan.of(slots, reads, rows, new BatchRule(cache.budget()));
            plan = made;
        }
        return made;
    }

    @Override
    public Pass open(ParameterStore raw, NDManager manager) {
        BatchPlan made = plan();
        RowsPass state = new RowsPass(rows, manager, way -> lease(made, way));
        return new Pass() {
            @Override
            public NDList forward(SlotCall call) {
                return made.at(call.slot()).forward(call, state);
            }

            @Override
            public @Nullable LinearTerms linear(SlotCall call) {
                return made.at(call.slot()).linear(call, state);
            }

            @Override
            public boolean isUnadapted(Slot slot) {
                return made.at(slot) instanceof SlotPlan.Base;
            }

            @Override
            public NDArray view(Parameter parameter, NDArray value, boolean training) {
                if (rows.groups().size() > 1) {
                    String reader = slots.readersOf(parameter).get(0).name();
                    throw RowsMessage.DISAGREE.error(reader, label());
                }
                BoundAdapter only = terms.get(0).adapter();
                Values values = only.adapter().values(training, raw);
                return only.view(parameter, value, value, values, manager);
            }

            @Override
            public void end() {
                state.end();
            }
        };
    }

    /** Leases the stacked factors of a way; null where an adapter is being trained. */
    private @Nullable Stacks lease(BatchPlan made, Way way) {
        long version = 0;
        for (Term term : terms) {
            if (term.adapter().adapter().isTrainable()) {
                return null;
            }
            version += term.adapter().adapter().changes();
        }
        FactorStackCache.Key key = way == Way.MASKED ? sameAdapters : withBase;
        return cache.lease(key, version, made.bytes().getOrDefault(way, 0L));
    }
}
