package dollar;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

final class Dollar extends ToyBlock {
    @LoraChild In$ner inner;

    static final class In$ner extends ToyBlock {
        @LoraTarget("w")
        Block $w;
    }
}
