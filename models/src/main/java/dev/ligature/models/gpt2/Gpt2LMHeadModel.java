package dev.ligature.models.gpt2;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.annotation.Tied;
import dev.ligature.models.block.DecoderInputs;
import dev.ligature.models.block.LogitHead;
import org.jspecify.annotations.Nullable;

/**
 * GPT-2 with a language-modelling head, as Transformers' {@code GPT2LMHeadModel} computes it.
 * Inputs are those of {@link DecoderInputs}; outputs are logits {@code (B, T, V)}, and the cache
 * with the new tokens in it if one was given.
 */
public final class Gpt2LMHeadModel extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraChild("transformer")
    final Gpt2Model transformer;

    @LoraTarget(value = "lm_head", role = Role.OUTPUT_HEAD)
    @Tied(value = "wte", when = "config.tieWordEmbeddings")
    Block lmHead;

    final Gpt2Config config;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Gpt2LMHeadModel(Gpt2Config config) {
        super(VERSION);
        this.config = config;
        transformer = addChildBlock("transformer", new Gpt2Model(config));
        lmHead =
                addChildBlock(
                        "lm_head",
                        LogitHead.of(
                                transformer.tokens,
                                config.vocabSize(),
                                config.tieWordEmbeddings()));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList outputs = transformer.forward(parameterStore, inputs, training, params);
        return LogitHead.apply(lmHead, 0, outputs, parameterStore, training, params);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return DecoderInputs.outputShapes(inputShapes, config.vocabSize());
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        transformer.initialize(manager, dataType, inputShapes);
        lmHead.initialize(manager, dataType, inputShapes[0].add(config.hiddenSize()));
    }
}
