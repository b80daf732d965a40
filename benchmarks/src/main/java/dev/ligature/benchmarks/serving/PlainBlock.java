package dev.ligature.benchmarks.serving;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.OperatorSource;
import dev.ligature.ops.Operators;
import org.jspecify.annotations.Nullable;

/** A block that computes with the operators of DJL's arrays, whatever the engine's module has. */
final class PlainBlock extends ForwardingBlock {
    private final Block base;

    PlainBlock(Block base) {
        this.base = base;
    }

    @Override
    public Block base() {
        return base;
    }

    @Override
    public NDList forward(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return base.forward(new PlainStore(store, inputs), inputs, training, params);
    }

    private static final class PlainStore extends ParameterStore implements OperatorSource {
        private final ParameterStore next;

        PlainStore(ParameterStore next, NDList inputs) {
            super(inputs.head().getManager(), false);
            this.next = next;
        }

        @Override
        public NDArray getValue(Parameter parameter, Device device, boolean training) {
            return next.getValue(parameter, device, training);
        }

        @Override
        public Operators operators(boolean training) {
            return OperatorLookup.plain(training);
        }
    }
}
