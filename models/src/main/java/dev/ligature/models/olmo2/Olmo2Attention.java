package dev.ligature.models.olmo2;

import ai.djl.ndarray.NDArray;
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
import dev.ligature.models.block.RmsNorm;
import dev.ligature.models.decoder.DecoderConfig;
import org.jspecify.annotations.Nullable;

/**
 * Causal self-attention with a norm over all queries of a token, and one over all its keys. Inputs
 * and outputs are those of {@link GroupedAttention}.
 */
public final class Olmo2Attention extends AbstractBlock {
    private static final byte VERSION = 1;

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

    private final Heads heads;
    private final GroupedAttention attention;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Olmo2Attention(DecoderConfig config, LayerKind kind) {
        super(VERSION);
        heads = config.heads();
        attention = new GroupedAttention(heads, kind.rope(), 0);
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
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList x = new NDList(inputs.get(0)); // (B, T, d)
        NDList q = queryProj.forward(parameterStore, x, training, params); // (B, T, H·D)
        NDList k = keyProj.forward(parameterStore, x, training, params); // (B, T, KV·D)
        NDArray v = valueProj.forward(parameterStore, x, training, params).singletonOrThrow();
        q = queryNorm.forward(parameterStore, q, training, params);
        k = keyNorm.forward(parameterStore, k, training, params);
        NDList outputs = attention.attend(q.singletonOrThrow(), k.singletonOrThrow(), v, inputs);
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
        Shape queries = new Shape(x.get(0), x.get(1), heads.querySize());
        queryProj.initialize(manager, dataType, x);
        keyProj.initialize(manager, dataType, x);
        valueProj.initialize(manager, dataType, x);
        outputProj.initialize(manager, dataType, queries);
        queryNorm.initialize(manager, dataType, queries);
        keyNorm.initialize(manager, dataType, x);
    }
}
