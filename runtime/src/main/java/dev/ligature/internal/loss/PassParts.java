package dev.ligature.internal.loss;

import ai.djl.ndarray.NDArray;
import dev.ligature.ops.ModelPass;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a training or an evaluation.
 *
 * @param head applies the head; null where all logits are wanted
 * @param layers computes the layers; null where they are computed once
 */
public record PassParts(@Nullable HeadLoss head, @Nullable LayerReplay layers)
        implements ModelPass {
    @Override
    public NDArray head(NDArray hidden, UnaryOperator<NDArray> apply) {
        return head == null ? apply.apply(hidden) : head.head(hidden, apply);
    }

    @Override
    public boolean recomputesLayers() {
        return layers != null;
    }

    @Override
    public NDArray layer(NDArray x, UnaryOperator<NDArray> layer) {
        return layers == null ? layer.apply(x) : layers.layer(x, layer);
    }
}
