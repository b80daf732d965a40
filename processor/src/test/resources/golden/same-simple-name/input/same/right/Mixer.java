package same.right;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

public sealed interface Mixer extends Block {
    final class Right extends ToyBlock implements Mixer {
        @LoraTarget public Block up;
    }
}
