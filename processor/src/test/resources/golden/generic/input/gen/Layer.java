package gen;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

public class Layer<T> extends ToyBlock {
    @LoraTarget Block w;
    T other;
}
