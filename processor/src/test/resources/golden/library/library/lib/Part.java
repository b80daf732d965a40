package lib;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

public final class Part extends ToyBlock {
    @LoraChild Inner inner;
}
