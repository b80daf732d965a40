package moe;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

final class Expert extends ToyBlock {
    @LoraTarget("w-1")
    Block in;

    @LoraTarget("w2")
    protected Block out;
}
