package llama;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.annotation.Tied;
import dev.ligature.processor.ToyBlock;

public final class LlamaForCausalLM extends ToyBlock {
    @LoraChild("model")
    final LlamaModel model = new LlamaModel();

    @LoraTarget(value = "lm_head", role = Role.OUTPUT_HEAD)
    @Tied(value = "embed_tokens", when = "tieWordEmbeddings")
    Block lmHead;

    final boolean tieWordEmbeddings = true;
}
