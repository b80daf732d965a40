package base;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.processor.ToyBlock;

public abstract class Encoder extends ToyBlock {
    @LoraTarget(role = Role.INPUT_EMBEDDING)
    Block wordEmbeddings;

    @LoraTarget Block pooler;

    protected abstract boolean near();

    public boolean isTied() {
        return true;
    }
}
