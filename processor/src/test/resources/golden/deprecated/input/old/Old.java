package old;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

@Deprecated(forRemoval = true)
public class Old extends ToyBlock {
    @LoraTarget Block w;
}
