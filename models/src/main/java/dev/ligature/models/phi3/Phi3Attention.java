package dev.ligature.models.phi3;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.models.block.Call;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.Heads;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.Linears;
import dev.ligature.models.decoder.DecoderConfig;

/** Attention whose queries, keys and values come out of one module. */
public final class Phi3Attention extends GroupedAttention {
    @LoraTarget("qkv_proj")
    Block fusedProj;

    @LoraTarget("o_proj")
    Block outputProj;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Phi3Attention(DecoderConfig config, LayerKind kind) {
        super(config.heads(), kind.rope(), 0);
        Heads heads = config.heads();
        long fused = heads.querySize() + 2 * heads.keySize();
        fusedProj = addChildBlock("qkv_proj", Linears.of(fused, false));
        outputProj = addChildBlock("o_proj", Linears.of(config.hiddenSize(), false));
    }

    @Override
    protected NDList project(NDArray x, Call call) {
        return split(call.of(fusedProj, x)); // (B, T, d) -> (B, T, H·D), 2 × (B, T, KV·D)
    }

    @Override
    protected Block outputProjection() {
        return outputProj;
    }
}
