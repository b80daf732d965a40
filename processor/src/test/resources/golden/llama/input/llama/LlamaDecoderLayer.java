package llama;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

final class LlamaDecoderLayer extends ToyBlock {
    @LoraChild final Attention selfAttn = new Attention();
    @LoraTarget Block inputLayernorm;

    static final class Attention extends ToyBlock {
        @LoraTarget Block qProj;
        @LoraTarget Block kProj;
    }
}
