package dev.ligature.models.phi3;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.annotation.Tied;
import dev.ligature.models.block.DecoderStack;
import dev.ligature.models.decoder.CausalModel;
import dev.ligature.models.decoder.DecoderConfig;

/** Phi-3 with a language-modelling head, as Transformers' {@code Phi3ForCausalLM} computes it. */
public final class Phi3ForCausalLM extends CausalModel {
    @LoraChild("model")
    final Phi3Model model;

    @LoraTarget(value = "lm_head", role = Role.OUTPUT_HEAD)
    @Tied(value = "embed_tokens", when = "config.tieWordEmbeddings")
    Block lmHead;

    final DecoderConfig config;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Phi3ForCausalLM(DecoderConfig config) {
        super(config.hiddenSize(), config.vocabSize(), 0);
        this.config = config;
        model = addChildBlock("model", new Phi3Model(config));
        lmHead = addChildBlock("lm_head", newHead(model.embedTokens, config.tieWordEmbeddings()));
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
