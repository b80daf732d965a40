package tie;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

final class Decoder extends ToyBlock {
    @LoraTarget Block embed;
}
