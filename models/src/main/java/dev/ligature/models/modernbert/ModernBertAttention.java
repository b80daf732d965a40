package dev.ligature.models.modernbert;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.Linears;
import org.jspecify.annotations.Nullable;

/**
 * Self-attention whose queries, keys and values come out of one projection, which is one module for
 * adapters. Inputs are those of {@link GroupedAttention} without a cache; the output is {@code (B,
 * T, d)}.
 */
public final class ModernBertAttention extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget("Wqkv")
    Block fusedProj;

    @LoraTarget("Wo")
    Block outputProj;

    private final long hiddenSize;
    private final GroupedAttention attention;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    ModernBertAttention(ModernBertConfig config, LayerKind kind) {
        super(VERSION);
        hiddenSize = config.hiddenSize();
        attention = new GroupedAttention(config.heads(), kind.rope(), 0);
        boolean bias = config.attentionBias();
        fusedProj = addChildBlock("qkv", Linears.of(3 * hiddenSize, bias));
        outputProj = addChildBlock("output", Linears.of(hiddenSize, bias));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList x = new NDList(inputs.get(0)); // (B, T, d)
        NDList qkv =
                fusedProj
                        .forward(parameterStore, x, training, params)
                        .singletonOrThrow() // (B, T, d) -> (B, T, 3d)
                        .split(new long[] {hiddenSize, 2 * hiddenSize}, 2); // 3 × (B, T, d)
        NDList attended = attention.attend(qkv.get(0), qkv.get(1), qkv.get(2), inputs);
        return outputProj.forward(parameterStore, attended, training, params); // (B, T, d)
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0]};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape x = inputShapes[0]; // (B, T, d)
        fusedProj.initialize(manager, dataType, x);
        outputProj.initialize(manager, dataType, x);
    }
}
