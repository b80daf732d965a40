package names;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

final class Names extends ToyBlock {
    @LoraTarget Block qProj;
    @LoraTarget Block fc1Out;
    @LoraTarget Block lmHEAD;
    @LoraTarget Block already_snake;

    @LoraTarget("queryKeyValue")
    Block qkv;

    @LoraTarget("attention.self.query")
    Block query;

    @LoraTarget("0")
    Block first;

    @LoraTarget("a-b.c_d")
    Block dashed;

    @LoraTarget("class")
    Block keyword;

}
