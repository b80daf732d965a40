package dev.ligature.models.families;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.block.ForwardingBlock;
import dev.ligature.ops.AttentionSpan;
import dev.ligature.ops.LayerTerms;
import dev.ligature.ops.OperatorLookup;
import dev.ligature.ops.OperatorSource;
import dev.ligature.ops.Operators;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A block whose passes count how often the engine's operators compute all layers at once. */
final class CountedLayers extends ForwardingBlock {
    private final Block base;
    private final boolean allowed;
    private int count;

    /**
     * Creates a block.
     *
     * @param allowed whether layers may be computed at once; else one by one
     */
    CountedLayers(Block base, boolean allowed) {
        this.base = base;
        this.allowed = allowed;
    }

    int count() {
        return count;
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
        return base.forward(new CountingStore(store, inputs), inputs, training, params);
    }

    private final class CountingStore extends ParameterStore implements OperatorSource {
        private final ParameterStore next;
        private final Operators operators;

        CountingStore(ParameterStore next, NDList inputs) {
            super(inputs.head().getManager(), false);
            this.next = next;
            this.operators = OperatorLookup.of(next, inputs.head(), false);
        }

        @Override
        public NDArray getValue(Parameter parameter, Device device, boolean training) {
            return next.getValue(parameter, device, training);
        }

        @Override
        public Operators operators(boolean training) {
            return new Counting(operators);
        }
    }

    private final class Counting implements Operators {
        private final Operators next;

        Counting(Operators next) {
            this.next = next;
        }

        @Override
        public NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
            return next.linear(x, weight, bias);
        }

        @Override
        public NDArray rmsNorm(NDArray x, NDArray weight, float epsilon) {
            return next.rmsNorm(x, weight, epsilon);
        }

        @Override
        public NDArray swiGlu(NDArray gate, NDArray up) {
            return next.swiGlu(gate, up);
        }

        @Override
        public NDArray attention(
                NDArray queries, NDArray keys, NDArray values, NDList caches, AttentionSpan span) {
            return next.attention(queries, keys, values, caches, span);
        }

        @Override
        public int textsAtOnce() {
            return next.textsAtOnce();
        }

        @Override
        public @Nullable NDArray layers(NDArray x, List<LayerTerms> layers, NDList caches) {
            NDArray y = allowed ? next.layers(x, layers, caches) : null;
            count += y == null ? 0 : 1;
            return y;
        }
    }
}
