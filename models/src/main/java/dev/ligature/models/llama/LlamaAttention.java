package dev.ligature.models.llama;

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
import org.jspecify.annotations.Nullable;

/**
 * Causal self-attention. Inputs and outputs are those of {@link GroupedAttention}. Qwen3 norms the
 * queries and keys of each head; the fields of these norms are null in other models.
 */
public final class LlamaAttention extends AbstractBlock {
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
    @Nullable Block queryNorm;

    @LoraTarget("k_norm")
    @Nullable Block keyNorm;

    private final Heads heads;
    private final GroupedAttention attention;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    LlamaAttention(LlamaConfig config, LayerKind kind) {
        super(VERSION);
        heads = config.heads();
        attention = new GroupedAttention(heads, kind.rope(), 0);
        boolean bias = config.queryKeyValueBias();
        queryProj = addChildBlock("q_proj", Linears.of(heads.querySize(), bias));
        keyProj = addChildBlock("k_proj", Linears.of(heads.keySize(), bias));
        valueProj = addChildBlock("v_proj", Linears.of(heads.keySize(), bias));
        outputProj = addChildBlock("o_proj", Linears.of(config.hiddenSize(), config.outputBias()));
        if (config.family().hasHeadNorms()) {
            queryNorm = addChildBlock("q_norm", new RmsNorm(heads.size(), config.rmsNormEps()));
            keyNorm = addChildBlock("k_norm", new RmsNorm(heads.size(), config.rmsNormEps()));
        }
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList x = new NDList(inputs.get(0)); // (B, T, d)
        NDArray q = queryProj.forward(parameterStore, x, training, params).singletonOrThrow();
        NDArray k = keyProj.forward(parameterStore, x, training, params).singletonOrThrow();
        NDArray v = valueProj.forward(parameterStore, x, training, params).singletonOrThrow();
        if (queryNorm != null && keyNorm != null) {
            q = heads.normed(queryNorm, q, parameterStore, training, params);
            k = heads.normed(keyNorm, k, parameterStore, training, params);
        }
        NDList outputs = attention.attend(q, k, v, inputs); // (B, T, H·D)
        NDList y = new NDList(outputs.get(0));
        outputs.set(
                0,
                outputProj
                        .forward(parameterStore, y, training, params)
                        .singletonOrThrow()); // (B, T, H·D) -> (B, T, d)
        return outputs;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return GroupedAttention.outputShapes(inputShapes);
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape x = inputShapes[0]; // (B, T, d)
        queryProj.initialize(manager, dataType, x);
        keyProj.initialize(manager, dataType, x);
        valueProj.initialize(manager, dataType, x);
        outputProj.initialize(manager, dataType, new Shape(x.get(0), x.get(1), heads.querySize()));
        if (queryNorm != null && keyNorm != null) {
            queryNorm.initialize(manager, dataType, x);
            keyNorm.initialize(manager, dataType, x);
        }
    }
}
