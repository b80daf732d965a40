package dev.ligature.models.modernbert;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.models.block.Call;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.Linears;

/** Attention whose queries, keys and values come out of one module, without a cache. */
public final class ModernBertAttention extends GroupedAttention {
    @LoraTarget("Wqkv")
    Block fusedProj;

    @LoraTarget("Wo")
    Block outputProj;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    ModernBertAttention(ModernBertConfig config, LayerKind kind) {
        super(config.heads(), kind.rope(), 0);
        long d = config.hiddenSize();
        boolean bias = config.attentionBias();
        fusedProj = addChildBlock("qkv", Linears.of(3 * d, bias));
        outputProj = addChildBlock("output", Linears.of(d, bias));
    }

    @Override
    protected NDList project(NDArray x, Call call) {
        return split(call.of(fusedProj, x)); // (B, T, d) -> 3 × (B, T, d)
    }

    @Override
    protected Block outputProjection() {
        return outputProj;
    }
}
