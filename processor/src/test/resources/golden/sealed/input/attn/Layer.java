package attn;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Tied;
import dev.ligature.processor.ToyBlock;
import java.util.List;

public final class Layer extends ToyBlock {
    @LoraChild("attn")
    Attention attention;

    @LoraChild("other")
    List<Attention> others;

    @LoraChild Concrete concrete;
    @LoraChild Mixer<String> mixer;

    @LoraTarget
    @Tied("attn.q_proj")
    Block head;
}
