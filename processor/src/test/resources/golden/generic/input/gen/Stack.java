package gen;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;
import java.util.List;
import java.util.Map;

public class Stack<L extends Layer<?> & Comparable<L>, X> extends ToyBlock {
    @LoraTarget("in")
    Block input;

    @LoraChild List<L> layers;
    @LoraChild L first;
    @LoraChild L[] array;
    @LoraChild Layer<String> one;
    @LoraChild Map<String, Layer<X>> map;
}
