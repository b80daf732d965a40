package dev.ligature.models.olmo2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.models.block.Call;
import dev.ligature.models.block.GroupedAttention;
import dev.ligature.models.block.Heads;
import dev.ligature.models.block.LayerKind;
import dev.ligature.models.block.Linears;
import dev.ligature.models.block.RmsNorm;
import dev.ligature.models.decoder.DecoderConfig;

/** Attention with a norm over all queries of a token, and one over all its keys. */
public final class Olmo2Attention extends GroupedAttention {
    @LoraTarget("q_proj")
    Block queryProj;

    @LoraTarget("k_proj")
    Block keyProj;

    @LoraTarget("v_proj")
    Block valueProj;

    @LoraTarget("o_proj")
    Block outputProj;

    @LoraTarget("q_norm")
    Block queryNorm;

    @LoraTarget("k_norm")
    Block keyNorm;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Olmo2Attention(DecoderConfig config, LayerKind kind) {
        super(config.heads(), kind.rope(), 0);
        Heads heads = config.heads();
        boolean bias = config.attentionBias();
        double eps = config.normEps();
        queryProj = addChildBlock("q_proj", Linears.of(heads.querySize(), bias));
        keyProj = addChildBlock("k_proj", Linears.of(heads.keySize(), bias));
        valueProj = addChildBlock("v_proj", Linears.of(heads.keySize(), bias));
        outputProj = addChildBlock("o_proj", Linears.of(config.hiddenSize(), bias));
        queryNorm = addChildBlock("q_norm", new RmsNorm(heads.querySize(), eps));
        keyNorm = addChildBlock("k_norm", new RmsNorm(heads.keySize(), eps));
    }

    @Override
    protected NDList project(NDArray x, Call call) {
        NDArray q = call.of(queryProj, x); // (B, T, d) -> (B, T, H·D)
        NDArray k = call.of(keyProj, x); // (B, T, d) -> (B, T, KV·D)
        NDArray v = call.of(valueProj, x); // (B, T, d) -> (B, T, KV·D)
        return new NDList(call.of(queryNorm, q), call.of(keyNorm, k), v);
    }

    @Override
    protected Block outputProjection() {
        return outputProj;
    }
}
