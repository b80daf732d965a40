package nest;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;

public class Outer<T> {
    public static class Middle {
        public static final class Inner extends ToyBlock {
            @LoraTarget Block w;
            @LoraChild Hidden hidden;
        }

        protected static final class Hidden extends ToyBlock {
            @LoraTarget Block w;
        }
    }
}
