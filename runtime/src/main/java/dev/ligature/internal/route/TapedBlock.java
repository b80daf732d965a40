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
import dev.ligature.ops.HeadedModel;
import dev.ligature.ops.LayeredModel;
import dev.ligature.ops.ModelPass;
import dev.ligature.ops.Operators;
import org.jspecify.annotations.Nullable;

/**
 * A block whose training passes are recorded on a tape, while there is one, and whose parts are
 * computed as a pass wants.
 */
public final class TapedBlock extends ForwardingBlock {
    private final Block base;
    private @Nullable GradientTape tape;
    private @Nullable ModelPass pass;

    public TapedBlock(Block base) {
        this.base = base;
    }

    /** Records what is computed from now on on a tape, or on none. */
    public void recordOn(@Nullable GradientTape next) {
        tape = next;
    }

    /** Computes the next passes' parts in this way, or as they are. */
    public void computeBy(@Nullable ModelPass next) {
        pass = next;
    }

    /** Returns the model below the adapters, if a pass may apply its head; else null. */
    public @Nullable HeadedModel headed() {
        return model() instanceof HeadedModel headed ? headed : null;
    }

    /** Returns whether a pass may compute the layers of the model below the adapters twice. */
    public boolean isLayered() {
        return model() instanceof LayeredModel;
    }

    /** Returns the model below the adapters. */
    public Block model() {
        Block model = base;
        while (model instanceof RoutedBlock routed) {
            model = routed.base();
        }
        return model;
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
        ParameterStore store =
                pass != null || (training && tape != null)
                        ? new PassStore(parameterStore)
                        : parameterStore;
        return base.forward(store, inputs, training, params);
    }

    /** Tells the blocks of a pass of its tape, which may be another for each part. */
    private final class PassStore extends ForwardingParameterStore {
        private final ParameterStore values;

        PassStore(ParameterStore values) {
            super(values, values.getManager());
            this.values = values;
        }

        @Override
        public NDArray getValue(Parameter parameter, Device device, boolean training) {
            return values.getValue(parameter, device, training);
        }

        @Override
        public @Nullable Operators operators(boolean training) {
            return training ? tape : null;
        }

        @Override
        public @Nullable ModelPass modelPass() {
            return pass;
        }
    }
}
