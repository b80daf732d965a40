package dev.ligature.models.phi3;

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
import dev.ligature.models.block.Heads;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.Linears;
import dev.ligature.models.decoder.DecoderConfig;
import org.jspecify.annotations.Nullable;

/**
 * Causal self-attention whose queries, keys and values come out of one projection, which is one
 * module for adapters. Inputs and outputs are those of {@link GroupedAttention}.
 */
public final class Phi3Attention extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget("qkv_proj")
    Block fusedProj;

    @LoraTarget("o_proj")
    Block outputProj;

    private final Heads heads;
    private final GroupedAttention attention;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Phi3Attention(DecoderConfig config, LayerKind kind) {
        super(VERSION);
        heads = config.heads();
        attention = new GroupedAttention(heads, kind.rope(), 0);
        long fused = heads.querySize() + 2 * heads.keySize();
        fusedProj = addChildBlock("qkv_proj", Linears.of(fused, false));
        outputProj = addChildBlock("o_proj", Linears.of(config.hiddenSize(), false));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList x = new NDList(inputs.get(0)); // (B, T, d)
        long keysAt = heads.querySize();
        long valuesAt = keysAt + heads.keySize();
        NDList qkv =
                fusedProj
                        .forward(parameterStore, x, training, params)
                        .singletonOrThrow()
                        .split(new long[] {keysAt, valuesAt}, 2); // (B, T, H·D), 2 × (B, T, KV·D)
        NDList outputs = attention.attend(qkv.get(0), qkv.get(1), qkv.get(2), inputs);
        NDList y = new NDList(outputs.get(0)); // (B, T, H·D)
        y = outputProj.forward(parameterStore, y, training, params); // (B, T, H·D) -> (B, T, d)
        outputs.set(0, y.singletonOrThrow());
        return outputs;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return GroupedAttention.outputShapes(inputShapes);
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape x = inputShapes[0]; // (B, T, d)
        fusedProj.initialize(manager, dataType, x);
        outputProj.initialize(manager, dataType, new Shape(x.get(0), x.get(1), heads.querySize()));
    }
}
