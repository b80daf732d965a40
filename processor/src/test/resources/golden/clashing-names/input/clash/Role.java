package clash;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

final class Role extends ToyBlock {
    @LoraTarget Block w;
}
