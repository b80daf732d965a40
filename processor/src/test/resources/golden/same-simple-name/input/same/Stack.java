package same;

import dev.ligature.annotation.LoraChild;
import dev.ligature.processor.ToyBlock;

public final class Stack extends ToyBlock {
    @LoraChild MixerGate gate;
    @LoraChild same.left.Mixer left;
    @LoraChild same.right.Mixer right;
}
