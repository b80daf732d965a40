package dev.ligature.internal.registry;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.Routing;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.internal.adapter.AdapterMessage;
import dev.ligature.internal.route.Route;
import dev.ligature.internal.route.RoutedBlock;
import java.io.DataOutputStream;
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
            throw AdapterMessage.ROUTING_INPUT.error(
                    inputs.size(),
                    last == null ? "absent" : "named " + last.getName(),
                    Routing.INPUT);
        }
        if (last.getDataType() != DataType.INT64
                || last.getShape().dimension() == 0
                || last.size() != last.getShape().get(0)) {
            throw AdapterMessage.ROUTING_INPUT_TYPE.error(
                    Routing.INPUT, last.getDataType(), last.getShape());
        }
        return last;
    }

    /**
     * Refuses to save: the file would have the base's weights alone.
     *
     * @throws dev.ligature.LoraException {@code LoraRoutedSave}, always
     */
    @Override
    public void saveParameters(DataOutputStream stream) {
        throw AdapterMessage.ROUTED_SAVE.error("its input");
    }

    @Override
    public String toString() {
        return "RoutedByInput(" + base + ")";
    }
}
