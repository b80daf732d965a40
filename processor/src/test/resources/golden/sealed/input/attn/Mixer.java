package attn;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

sealed interface Mixer<T extends CharSequence> extends Block {
    final class Mlp<A extends CharSequence, B> extends ToyBlock implements Mixer<A> {
        @LoraTarget Block up;
    }

    class Bare extends ToyBlock {}

    final class Identity extends ToyBlock implements Mixer<String> {}
}
