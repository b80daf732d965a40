package dev.ligature.internal.route;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.internal.slot.ForwardingParameterStore;
import dev.ligature.ops.GradientTape;
import dev.ligature.ops.Operators;
import org.jspecify.annotations.Nullable;

/** A block whose training passes are recorded on a tape, while there is one. */
public final class TapedBlock extends ForwardingBlock {
    private final Block base;
    private @Nullable GradientTape tape;

    public TapedBlock(Block base) {
        this.base = base;
    }

    /** Records the next passes on a tape, or on none. */
    public void recordOn(@Nullable GradientTape next) {
        tape = next;
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
        GradientTape recording = tape;
        ParameterStore store =
                training && recording != null
                        ? new TapeStore(parameterStore, recording)
                        : parameterStore;
        return base.forward(store, inputs, training, params);
    }

    /** Tells the blocks of a pass of its tape. */
    private static final class TapeStore extends ForwardingParameterStore {
        private final ParameterStore values;
        private final GradientTape tape;

        TapeStore(ParameterStore values, GradientTape tape) {
            super(values, values.getManager());
            this.values = values;
            this.tape = tape;
        }

        @Override
        public NDArray getValue(Parameter parameter, Device device, boolean training) {
            return values.getValue(parameter, device, training);
        }

        @Override
        public @Nullable Operators operators(boolean training) {
            return training ? tape : null;
        }
    }
}
