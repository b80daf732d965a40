package dev.ligature.models.gemma;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.annotation.Tied;
import dev.ligature.models.block.DecoderStack;
import dev.ligature.models.decoder.CausalModel;

/**
 * Gemma 2 or 3 with a language-modelling head, as Transformers' {@code Gemma2ForCausalLM} and
 * {@code Gemma3ForCausalLM} compute it.
 */
public final class GemmaForCausalLM extends CausalModel {
    @LoraChild("model")
    final GemmaModel model;

    @LoraTarget(value = "lm_head", role = Role.OUTPUT_HEAD)
    @Tied(value = "embed_tokens", when = "config.decoder.tieWordEmbeddings")
    Block lmHead;

    final GemmaConfig config;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    GemmaForCausalLM(GemmaConfig config) {
        super(config.decoder().hiddenSize(), config.decoder().vocabSize(), config.logitCap());
        this.config = config;
        model = addChildBlock("model", new GemmaModel(config));
        boolean tied = config.decoder().tieWordEmbeddings();
        lmHead = addChildBlock("lm_head", newHead(model.embedTokens, tied));
    }

    @Override
    protected DecoderStack decoder() {
        return model;
    }

    @Override
    protected Block head() {
        return lmHead;
    }
}
