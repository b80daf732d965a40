package dev.ligature.block;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.plan.ModuleKind;
import org.jspecify.annotations.Nullable;

/**
 * A linear layer that reads the weight of another block, such as an output head tied to the input
 * embedding. It may have a bias of its own.
 *
 * <ul>
 *   <li>input: {@code (…, in)}
 *   <li>output: {@code (…, out)}
 *   <li>shared weight: {@code (out, in)}, an embedding's {@code (V, d)} for one
 * </ul>
 */
public final class TiedLinear extends AbstractBlock implements TiedBlock {
    private static final byte VERSION = 1;

    private Parameter weight;
    private boolean untied;
    private final @Nullable Parameter bias;

    /**
     * Creates a layer without bias.
     *
     * @param source the block that owns the weight: a {@link TokenEmbedding}, a {@link Linear}, or
     *     another block with one weight
     */
    public TiedLinear(Block source) {
        this(source, false);
    }

    /**
     * Creates a layer.
     *
     * @param source the block that owns the weight
     * @param bias whether the layer has a bias of its own
     */
    @SuppressWarnings("this-escape") // addParameter is how DJL blocks are built
    public TiedLinear(Block source, boolean bias) {
        super(VERSION);
        this.weight = BlockParameters.weightToShare(source);
        this.bias =
                bias
                        ? addParameter(
                                Parameter.builder()
                                        .setName("bias")
                                        .setType(Parameter.Type.BIAS)
                                        .build())
                        : null;
    }

    @Override
    public void untie() {
        weight = addParameter(BlockParameters.copyFor(this));
        untied = true;
    }

    @Override
    public boolean isUntied() {
        return untied;
    }

    @Override
    public ModuleKind moduleKind() {
        return ModuleKind.LINEAR;
    }

    @Override
    public Parameter weight() {
        return weight;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.singletonOrThrow(); // (…, in)
        NDArray w = parameterStore.getValue(weight, x.getDevice(), training); // (out, in)
        NDArray b = bias == null ? null : parameterStore.getValue(bias, x.getDevice(), training);
        return Linear.linear(x, w, b); // (…, in) x (in, out) -> (…, out)
    }

    @Override
    protected void prepare(Shape[] inputShapes) {
        if (bias != null) {
            bias.setShape(new Shape(weight.getShape().get(0)));
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape x = inputShapes[0];
        return new Shape[] {x.slice(0, x.dimension() - 1).add(weight.getShape().get(0))};
    }

    @Override
    public boolean isInitialized() {
        return weight.isInitialized() && (bias == null || bias.isInitialized());
    }
}
