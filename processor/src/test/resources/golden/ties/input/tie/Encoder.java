package tie;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Tied;
import dev.ligature.processor.ToyBlock;

final class Encoder extends ToyBlock {
    @LoraTarget Block embed;

    @LoraTarget
    @Tied("embed")
    Block copy;
}
