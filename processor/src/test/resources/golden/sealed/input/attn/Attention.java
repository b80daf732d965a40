package attn;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

abstract sealed class Attention extends ToyBlock
        permits Attention.Default, Attention.Open, Attention.None {
    @LoraTarget Block qProj;

    static final class Default extends Attention {
        @LoraTarget Block kProj;
    }

    static non-sealed class Open extends Attention {
        @LoraTarget Block kProj;
    }

    static final class None extends Attention {}
}
