package old;

import dev.ligature.annotation.LoraChild;
import dev.ligature.processor.ToyBlock;

public final class Uses extends ToyBlock {
    @SuppressWarnings("removal")
    @LoraChild
    Old old;
}
