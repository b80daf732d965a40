package dev.ligature.internal.rows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.internal.effect.BoundAdapter;
import dev.ligature.internal.effect.SlotEffect;
import dev.ligature.internal.route.Route;
import dev.ligature.internal.route.RoutedParameterStore;
import dev.ligature.internal.rows.BatchRule.Way;
import dev.ligature.internal.rows.RowGroups.Group;
import dev.ligature.internal.slot.Slot;
import dev.ligature.internal.slot.SlotCall;
import dev.ligature.internal.slot.Slots;
import dev.ligature.plan.ModuleKind;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A batch whose rows go through adapters of their own; for serving. */
public final class PerRowRoute implements Route {
    private final Slots slots;
    private final List<BoundAdapter> bindings;
    private final RowGroups rows;
    private final FactorStackCache cache;
    private final StackKey sameAdapters;
    private final StackKey sameRows;
    private volatile @Nullable BatchPlan mixed;

    /**
     * Creates a route.
     *
     * @param rows the adapter of each row; null for the base alone
     * @param cache keeps stacked factors
     */
    public PerRowRoute(Slots slots, List<@Nullable BoundAdapter> rows, FactorStackCache cache) {
        this.slots = slots;
        this.rows = RowGroups.of(rows);
        this.cache = cache;
        this.bindings =
                this.rows.groups().stream().map(Group::binding).filter(Objects::nonNull).toList();
        this.sameAdapters =
                new StackKey(
                        Way.MASKED, this.rows.byHandle().stream().map(Group::binding).toList());
        this.sameRows = new StackKey(Way.STACKED, rows);
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
        return mixed().touched().contains(parameter);
    }

    @Override
    public void checkTraining() {
        throw new LoraException(
                "LoraRowsTraining",
                "The rows of this batch go through adapters of their own ("
                        + label()
                        + "), which is for serving. Train each adapter on its own rows, by the"
                        + " routed block of Routing.of(name).");
    }

    @Override
    public NDList forward(Slot slot, SlotCall call, RoutedParameterStore pass) {
        SlotPlan here = mixed().at(slot);
        if (here.isBase()) {
            return call.base(slot);
        }
        for (NDArray input : call.inputs()) {
            checkRows(slot, input);
        }
        if (rows.groups().size() == 1) {
            return through(rows.groups().get(0), slot, call);
        }
        if (!here.isAdditive()) {
            return segments(slot, call, pass);
        }
        NDList output = call.base(slot);
        NDArray y = output.singletonOrThrow(); // (B, …)
        RowStacks held = here.way() == Way.SEGMENTS ? null : pass.stacks(this, here.way());
        if (held == null) {
            return addSegments(here, call, y, pass);
        }
        FactorStack stack = held.at(slot, here);
        NDArray mask = here.mask() == null ? null : pass.mask(here.mask());
        if (slot.kind() == ModuleKind.EMBEDDING) {
            // By row there would be no table to look rows up in, and the rule does not choose it.
            stack.addEmbedding(call.inputs().head(), y, Objects.requireNonNull(mask));
        } else {
            stack.addLinear(call.inputs().head(), y, mask);
        }
        return output;
    }

    /** Returns what is done at each slot. */
    BatchPlan mixed() {
        BatchPlan made = mixed;
        if (made == null) {
            // Not when the route is made: that is under a lock. Twice by two threads is as good.
            made = BatchPlan.of(this, rows, new BatchRule(cache.budget()));
            mixed = made;
        }
        return made;
    }

    /**
     * Returns the stacked factors of a way, which the caller has to exit; null where there can be
     * none, because an adapter is being trained.
     */
    public @Nullable RowStacks lease(Way way) {
        long version = 0;
        for (BoundAdapter binding : bindings) {
            if (binding.adapter().isTrainable()) {
                return null;
            }
            version += binding.adapter().changes();
        }
        StackKey key = way == Way.MASKED ? sameAdapters : sameRows;
        return cache.lease(key, version, mixed().bytes().getOrDefault(way, 0L));
    }

    private void checkRows(Slot slot, NDArray input) {
        Shape shape = input.getShape();
        if (shape.dimension() == 0 || shape.get(0) != rows.size()) {
            throw new LoraException(
                    "LoraRowsMismatch",
                    "The input of module "
                            + slot.name()
                            + " has shape "
                            + shape
                            + ", but the routing has "
                            + rows.size()
                            + " rows, which are to be its axis 0. Name an adapter for each row of the"
                            + " batch, and keep the batch in axis 0 through the model.");
        }
    }

    private static NDList through(Group group, Slot slot, SlotCall call) {
        SlotEffect effect = group.at(slot);
        BoundAdapter binding = group.binding();
        return effect == null || binding == null ? call.base(slot) : call.through(effect, binding);
    }

    /** Computes the rows of each adapter by themselves, and puts them back in order. */
    private NDList segments(Slot slot, SlotCall call, RoutedParameterStore pass) {
        NDList gathered = new NDList();
        for (NDArray input : call.inputs()) {
            gathered.add(rows.isSorted() ? input : input.get(pass.index(rows.order()))); // (B, …)
        }
        NDList parts = new NDList();
        for (Group group : rows.groups()) {
            NDList segment = new NDList();
            for (NDArray input : gathered) {
                segment.add(input.get(new NDIndex().addSliceDim(group.from(), group.to())));
            }
            NDArray part = through(group, slot, call.with(segment)).singletonOrThrow(); // (b, …)
            segment.close();
            parts.add(part);
        }
        NDArray all = NDArrays.concat(parts); // (B, …), group after group
        parts.close();
        if (rows.isSorted()) {
            return new NDList(all);
        }
        gathered.close();
        NDArray restored = all.get(pass.index(rows.inverse())); // (B, …)
        all.close();
        return new NDList(restored);
    }

    /** Adds the terms of each adapter to its rows of the base's output. */
    private NDList addSegments(SlotPlan here, SlotCall call, NDArray y, RoutedParameterStore pass) {
        NDArray x = call.inputs().head();
        NDArray in = rows.isSorted() ? x : x.get(pass.index(rows.order())); // (B, …)
        NDArray sum = rows.isSorted() ? y : y.get(pass.index(rows.order())); // (B, …)
        for (int g = 0; g < rows.groups().size(); g++) {
            SlotEffect effect = here.effects().get(g);
            Group group = rows.groups().get(g);
            BoundAdapter binding = group.binding();
            if (effect == null || binding == null) {
                continue;
            }
            NDIndex index = new NDIndex().addSliceDim(group.from(), group.to());
            try (NDArray inPart = in.get(index);
                    NDArray part = sum.get(index)) { // (b, …), views
                call.with(new NDList(inPart)).onto(part, effect, binding);
            }
        }
        if (rows.isSorted()) {
            return new NDList(y);
        }
        NDArray restored = sum.get(pass.index(rows.inverse())); // (B, …)
        new NDList(in, sum, y).close();
        return new NDList(restored);
    }

    @Override
    public NDArray view(
            Parameter parameter, NDArray value, boolean training, RoutedParameterStore pass) {
        BoundAdapter only = bindings.get(0);
        if (rows.groups().size() > 1) {
            throw new LoraException(
                    "LoraRowsDisagree",
                    "A block reads the weight of module "
                            + slots.readersOf(parameter).get(0).name()
                            + " without going through its field, as one for the whole batch, but"
                            + " the rows go through different adapters ("
                            + label()
                            + "). Call the module through its annotated field, or give all rows one"
                            + " adapter.");
        }
        return only.view(parameter, value, value, training, pass);
    }

    @Override
    public String label() {
        return rows.groups().stream()
                .map(Group::binding)
                .map(binding -> binding == null ? Routing.BASE : binding.adapter().name())
                .collect(Collectors.joining(", "));
    }
}
