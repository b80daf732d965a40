package dev.ligature.models.olmo2;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.annotation.Tied;
import dev.ligature.models.block.DecoderStack;
import dev.ligature.models.decoder.CausalModel;
import dev.ligature.models.decoder.DecoderConfig;

/** OLMo 2 with a language-modelling head, as Transformers' {@code Olmo2ForCausalLM} computes it. */
public final class Olmo2ForCausalLM extends CausalModel {
    @LoraChild("model")
    final Olmo2Model model;

    @LoraTarget(value = "lm_head", role = Role.OUTPUT_HEAD)
    @Tied(value = "embed_tokens", when = "config.tieWordEmbeddings")
    Block lmHead;

    final DecoderConfig config;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Olmo2ForCausalLM(DecoderConfig config) {
        super(config.hiddenSize(), config.vocabSize(), 0);
        this.config = config;
        model = addChildBlock("model", new Olmo2Model(config));
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
