package dev.ligature;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import dev.ligature.RowGroups.Group;
import dev.ligature.diag.LoraException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A batch whose rows go through adapters of their own; for serving. */
final class RowsRoute implements Route {
    private final Slots slots;
    private final List<Binding> bindings;
    private final RowGroups rows;

    /**
     * Creates a route.
     *
     * @param rows the adapter of each row; null for the base alone
     */
    RowsRoute(Slots slots, List<@Nullable Binding> rows) {
        this.slots = slots;
        this.rows = RowGroups.of(rows);
        this.bindings =
                this.rows.groups().stream().map(Group::binding).filter(Objects::nonNull).toList();
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
    public void checkTraining() {
        throw new LoraException(
                "LoraRowsTraining",
                "The rows of this batch go through adapters of their own ("
                        + label()
                        + "), which is for serving. Train each adapter on its own rows, by the"
                        + " routed block of Routing.of(name).");
    }

    @Override
    public NDList forward(Slot slot, SlotCall call, RoutedStore pass) {
        if (rows.groups().stream().allMatch(group -> group.at(slot) == null)) {
            return call.base(slot);
        }
        for (NDArray input : call.inputs()) {
            checkRows(slot, input);
        }
        if (rows.groups().size() == 1) {
            return through(rows.groups().get(0), slot, call);
        }
        return segments(slot, call, pass);
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
        Binding binding = group.binding();
        return effect == null || binding == null ? call.base(slot) : call.through(effect, binding);
    }

    /** Computes the rows of each adapter by themselves, and puts them back in order. */
    private NDList segments(Slot slot, SlotCall call, RoutedStore pass) {
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

    @Override
    public NDArray view(Parameter parameter, NDArray value, boolean training, RoutedStore pass) {
        Binding only = bindings.get(0);
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
        return only.view(parameter, value, training, pass);
    }

    @Override
    public String label() {
        return rows.groups().stream()
                .map(Group::binding)
                .map(binding -> binding == null ? Routing.BASE : binding.adapter().name())
                .collect(Collectors.joining(", "));
    }
}
