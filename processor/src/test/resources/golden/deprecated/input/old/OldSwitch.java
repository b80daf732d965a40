package old;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Tied;
import dev.ligature.processor.ToyBlock;

public final class OldSwitch extends ToyBlock {
    @LoraTarget Block v;

    @LoraTarget
    @Tied(value = "v", when = "tied")
    Block w;

    @Deprecated boolean tied;
}
