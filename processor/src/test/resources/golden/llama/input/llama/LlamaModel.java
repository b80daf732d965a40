package llama;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.processor.ToyBlock;
import java.util.List;

public final class LlamaModel extends ToyBlock {
    @LoraTarget(value = "embed_tokens", role = Role.INPUT_EMBEDDING)
    Block embedTokens;

    @LoraChild("layers")
    final List<LlamaDecoderLayer> layers = List.of();

    @LoraTarget("norm")
    Block norm;
}
