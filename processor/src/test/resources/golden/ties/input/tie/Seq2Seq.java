package tie;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Tied;
import dev.ligature.processor.ToyBlock;

@Tied(module = "decoder.embed", value = "encoder.embed")
@Tied(module = "lm_head", value = "decoder.embed", when = "tied")
public final class Seq2Seq extends ToyBlock {
    @LoraChild Encoder encoder;
    @LoraChild Decoder decoder;

    @LoraTarget Block lmHead;

    @LoraTarget
    @Tied(value = "lm_head", when = "tied")
    Block aux;

    @LoraTarget
    @Tied(value = "copy", when = "shared")
    @Tied(value = "lm_head", when = "own")
    Block other;

    @LoraTarget
    @Tied(value = "aux", when = "config.tied")
    @Tied(value = "copy", when = "config.inner.own")
    Block byConfig;

    boolean tied;
    boolean own;
    final Config config = new Config(true, null);

    record Config(boolean tied, Inner inner) {}

    record Inner(boolean own) {}

    boolean shared() {
        return false;
    }
}
