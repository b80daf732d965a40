package dev.ligature.models.gemma;

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
 * Gemma 2 or 3 with a language-modelling head, as Transformers' {@code Gemma2ForCausalLM} and
 * {@code Gemma3ForCausalLM} compute it. Inputs are those of {@link DecoderInputs}; outputs are
 * logits {@code (B, T, V)}, and the cache with the new tokens in it if one was given.
 */
public final class GemmaForCausalLM extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraChild("model")
    final GemmaModel model;

    @LoraTarget(value = "lm_head", role = Role.OUTPUT_HEAD)
    @Tied(value = "embed_tokens", when = "config.decoder.tieWordEmbeddings")
    Block lmHead;

    final GemmaConfig config;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    GemmaForCausalLM(GemmaConfig config) {
        super(VERSION);
        this.config = config;
        model = addChildBlock("model", new GemmaModel(config));
        lmHead =
                addChildBlock(
                        "lm_head",
                        LogitHead.of(
                                model.embedTokens,
                                config.decoder().vocabSize(),
                                config.decoder().tieWordEmbeddings()));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList outputs = model.forward(parameterStore, inputs, training, params);
        return LogitHead.apply(
                lmHead, config.logitCap(), outputs, parameterStore, training, params);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return DecoderInputs.outputShapes(inputShapes, config.decoder().vocabSize());
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        model.initialize(manager, dataType, inputShapes);
        lmHead.initialize(manager, dataType, inputShapes[0].add(config.decoder().hiddenSize()));
    }
}
