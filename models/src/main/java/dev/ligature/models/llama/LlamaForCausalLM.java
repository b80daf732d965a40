package dev.ligature.models.llama;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.annotation.Tied;
import dev.ligature.models.block.DecoderStack;
import dev.ligature.models.decoder.CausalModel;
import dev.ligature.models.generation.KeyValueCache;

/**
 * Llama with a language-modelling head, as Transformers' {@code LlamaForCausalLM} computes it, and
 * the models of {@link LlamaVariant}, as their own classes do.
 *
 * <p>Inputs; all after the first may be left out, from the last one on:
 *
 * <ol>
 *   <li>token ids: {@code (B, T)}, int64 or int32, each in 0 … V−1
 *   <li>attention mask: {@code (B, P+T)}, 0 at padding and 1 else, any numeric type
 *   <li>positions: {@code (B, T)}; without them they are counted by the mask, so that padding on
 *       the left does not count
 *   <li>the cache: for each layer the keys and the values of P earlier tokens, {@code (B, KV, P,
 *       D)} each, with D the size of a head; {@link KeyValueCache#empty} to begin with
 * </ol>
 *
 * <p>Outputs: logits {@code (B, T, V)}, and if a cache was given, the cache with the new tokens in
 * it, {@code (B, KV, P+T, D)} each. They belong to the manager of the token ids. Nothing is written
 * to the arrays given.
 */
public final class LlamaForCausalLM extends CausalModel {
    @LoraChild("model")
    final LlamaModel model;

    @LoraTarget(value = "lm_head", role = Role.OUTPUT_HEAD)
    @Tied(value = "embed_tokens", when = "tieWordEmbeddings")
    Block lmHead;

    final boolean tieWordEmbeddings;

    private final LlamaConfig config;

    /**
     * Creates a model without weights.
     *
     * @param config its sizes
     */
    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    public LlamaForCausalLM(LlamaConfig config) {
        super(config.hiddenSize(), config.vocabSize(), 0);
        this.config = config;
        this.tieWordEmbeddings = config.tieWordEmbeddings();
        model = addChildBlock("model", new LlamaModel(config));
        lmHead = addChildBlock("lm_head", newHead(model.embedTokens, tieWordEmbeddings));
    }

    /** Returns the model's configuration. */
    public LlamaConfig config() {
        return config;
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
