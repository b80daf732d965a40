package lib;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

public class Holder extends ToyBlock {
    protected static class Kid extends ToyBlock {
        @LoraTarget Block w;
    }

    public static final class Part extends Hidden {}
}
