package app;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Tied;
import lib.Base;
import lib.Part;

public final class App extends Base {
    @LoraChild Part part;

    @LoraTarget
    @Tied("part.inner.w")
    Block head;
}
