package dev.ligature.models.gpt2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.models.block.Call;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.Rope;

/**
 * Attention whose queries, keys and values come out of one module, and whose rotary tables turn
 * nothing.
 */
public final class Gpt2Attention extends GroupedAttention {
    @LoraTarget("c_attn")
    Block fusedProj;

    @LoraTarget("c_proj")
    Block outputProj;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Gpt2Attention(Gpt2Config config) {
        super(config.heads(), Rope.NONE, 0);
        long d = config.hiddenSize();
        fusedProj = addChildBlock("c_attn", new Conv1d(d, 3 * d));
        outputProj = addChildBlock("c_proj", new Conv1d(d, d));
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
