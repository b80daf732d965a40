package dev.ligature.internal.registry;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.internal.route.Route;
import dev.ligature.internal.route.RoutedBlock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The base model, with the adapter of each row in a last input of its own, which the base does not
 * see. A predictor passes nothing but arrays, and its batchifier puts the rows together.
 */
public final class InputRoutedBlock extends ForwardingBlock {
    private final Block base;
    private final RouteTable adapters;

    public InputRoutedBlock(Block base, RouteTable adapters) {
        this.base = base;
        this.adapters = adapters;
    }

    @Override
    public Block base() {
        return base;
    }

    @Override
    public NDList forward(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray handles = handles(inputs);
        NDList others = new NDList(inputs.subList(0, inputs.size() - 1));
        Route route = adapters.route(Routing.rowsByHandle(handles.toLongArray()));
        return new RoutedBlock(base, route).forward(parameterStore, others, training, params);
    }

    private static NDArray handles(NDList inputs) {
        NDArray last = inputs.isEmpty() ? null : inputs.get(inputs.size() - 1);
        if (last == null || inputs.size() == 1 || !Routing.INPUT.equals(last.getName())) {
            throw new LoraException(
                    "LoraRoutingInput",
                    "The last of "
                            + inputs.size()
                            + " inputs is "
                            + (last == null ? "absent" : "named " + last.getName())
                            + ", but a block that is routed by its input takes the rows' adapters"
                            + " there. Append an int64 array named "
                            + Routing.INPUT
                            + " to the model's inputs (Adapter.handle(), 0 for the base).");
        }
        if (last.getDataType() != DataType.INT64 || last.size() != last.getShape().get(0)) {
            throw new LoraException(
                    "LoraRoutingInputType",
                    "The input "
                            + Routing.INPUT
                            + " is "
                            + last.getDataType()
                            + " of shape "
                            + last.getShape()
                            + ". Give one int64 for each row, of shape (B) or (B, 1).");
        }
        return last;
    }

    /** Does nothing: rows are for serving. */
    @Override
    public void freezeParameters(boolean freeze) {}

    /** Does nothing: rows are for serving. */
    @Override
    public void freezeParameters(boolean freeze, Predicate<Parameter> predicate) {}

    @Override
    public String toString() {
        return "RoutedByInput(" + base + ")";
    }
}
