package moe;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

class Open extends ToyBlock {
    @LoraTarget public Block w;
}
