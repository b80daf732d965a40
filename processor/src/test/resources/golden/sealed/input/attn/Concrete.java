package attn;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

sealed class Concrete extends ToyBlock permits Concrete.Wide {
    @LoraTarget Block w;

    static final class Wide extends Concrete {
        @LoraTarget Block v;
    }
}
