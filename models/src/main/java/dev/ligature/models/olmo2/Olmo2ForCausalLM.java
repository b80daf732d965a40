package dev.ligature.models.olmo2;

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
import dev.ligature.models.decoder.DecoderConfig;
import org.jspecify.annotations.Nullable;

/**
 * OLMo 2 with a language-modelling head, as Transformers' {@code Olmo2ForCausalLM} computes it.
 * Inputs are those of {@link DecoderInputs}; outputs are logits {@code (B, T, V)}, and the cache
 * with the new tokens in it if one was given.
 */
public final class Olmo2ForCausalLM extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraChild("model")
    final Olmo2Model model;

    @LoraTarget(value = "lm_head", role = Role.OUTPUT_HEAD)
    @Tied(value = "embed_tokens", when = "config.tieWordEmbeddings")
    Block lmHead;

    final DecoderConfig config;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Olmo2ForCausalLM(DecoderConfig config) {
        super(VERSION);
        this.config = config;
        model = addChildBlock("model", new Olmo2Model(config));
        lmHead =
                addChildBlock(
                        "lm_head",
                        LogitHead.of(
                                model.embedTokens, config.vocabSize(), config.tieWordEmbeddings()));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList outputs = model.forward(parameterStore, inputs, training, params);
        return LogitHead.apply(lmHead, 0, outputs, parameterStore, training, params);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return DecoderInputs.outputShapes(inputShapes, config.vocabSize());
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        model.initialize(manager, dataType, inputShapes);
        lmHead.initialize(manager, dataType, inputShapes[0].add(config.hiddenSize()));
    }
}
