package dev.ligature.models.gpt2;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.annotation.Tied;
import dev.ligature.models.block.DecoderStack;
import dev.ligature.models.decoder.CausalModel;

/** GPT-2 with a language-modelling head, as Transformers' {@code GPT2LMHeadModel} computes it. */
public final class Gpt2LMHeadModel extends CausalModel {
    @LoraChild("transformer")
    final Gpt2Model transformer;

    @LoraTarget(value = "lm_head", role = Role.OUTPUT_HEAD)
    @Tied(value = "wte", when = "config.tieWordEmbeddings")
    Block lmHead;

    final Gpt2Config config;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    Gpt2LMHeadModel(Gpt2Config config) {
        super(config.hiddenSize(), config.vocabSize(), 0);
        this.config = config;
        transformer = addChildBlock("transformer", new Gpt2Model(config));
        lmHead = addChildBlock("lm_head", newHead(transformer.tokens, config.tieWordEmbeddings()));
    }

    @Override
    protected DecoderStack decoder() {
        return transformer;
    }

    @Override
    protected Block head() {
        return lmHead;
    }
}
