package dev.ligature.internal.loss;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Gradient checkpointing: the layers of a model, of which a pass keeps the inputs alone. On the way
 * back each is computed again, with a graph, from the last to the first (Chen et al., "Training
 * Deep Nets with Sublinear Memory Cost", 2016).
 *
 * <p>What a layer drops out is decided by the engine's random numbers. They are seeded before a
 * layer, and in the same way before it is computed again.
 *
 * <p>For one pass.
 */
public final class LayerReplay {
    private final NDManager scope;
    private final PartPasses parts;
    private final List<Layer> layers = new ArrayList<>();
    private final SplittableRandom seeds;
    private @Nullable NDArray first;

    /** What is kept of a layer. */
    private record Layer(UnaryOperator<NDArray> layer, int seed, NDArray x, NDArray y) {}

    /**
     * Prepares a pass.
     *
     * @param scope the manager of the pass
     */
    public LayerReplay(NDManager scope, PartPasses parts) {
        this.scope = scope;
        this.parts = parts;
        try (NDArray drawn =
                scope.randomInteger(0, Integer.MAX_VALUE, new Shape(1), DataType.INT64)) {
            seeds = new SplittableRandom(drawn.getLong());
        }
    }

    /** Computes a layer. What it gives is a leaf of the graph behind it. */
    NDArray layer(NDArray x, UnaryOperator<NDArray> layer) {
        if (first == null) {
            first = x;
        }
        NDArray kept = detached(x, scope);
        int seed = seeds.nextInt();
        NDArray y;
        try (NDManager inside = scope.newSubManager()) {
            seed(seed);
            y = detached(parts.forward(inside, layer, detached(kept, inside)), scope);
        }
        y.setRequiresGradient(true);
        layers.add(new Layer(layer, seed, kept, y));
        return y;
    }

    /**
     * Goes back through the layers, when the gradient of what the last one gave is there.
     *
     * @return what the rest of the pass has to go back from; null if there was no layer
     */
    public @Nullable NDArray backward() {
        if (first == null) {
            return null;
        }
        NDArray gradient = layers.get(layers.size() - 1).y.getGradient();
        gradient.attach(scope);
        for (int i = layers.size() - 1; i >= 0; i--) {
            gradient = throughLayer(layers.get(i), gradient);
        }
        seed(seeds.nextInt());
        return HeadLoss.rest(first, gradient, scope);
    }

    private NDArray throughLayer(Layer at, NDArray gradient) {
        try (NDManager inside = scope.newSubManager()) {
            NDArray x = detached(at.x, inside);
            x.setRequiresGradient(true);
            seed(at.seed);
            parts.apply(inside, tape -> at.layer.apply(x).mul(gradient).sum());
            NDArray before = x.getGradient();
            before.attach(scope);
            new NDList(at.x, at.y, gradient).close();
            return before;
        }
    }

    private void seed(int seed) {
        scope.getEngine().setRandomSeed(seed);
    }

    private static NDArray detached(NDArray x, NDManager owner) {
        NDArray detached = x.stopGradient();
        detached.attach(owner);
        return detached;
    }
}
