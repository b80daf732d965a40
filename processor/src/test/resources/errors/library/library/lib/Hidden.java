package lib;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

class Hidden extends ToyBlock {
    @LoraTarget Block w;
}
