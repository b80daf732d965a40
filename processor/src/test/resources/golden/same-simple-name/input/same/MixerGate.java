package same;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

sealed interface MixerGate extends Block {
    final class Only extends ToyBlock implements MixerGate {
        @LoraTarget Block gate;
    }
}
