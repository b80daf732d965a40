package clash;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

public final class LoraModel extends ToyBlock {
    @LoraTarget Block visitor;
    @LoraTarget Block model;
    @LoraChild Role role;
}
