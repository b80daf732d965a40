package old;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

public final class OldField extends ToyBlock {
    @Deprecated @LoraTarget Block w;
}
