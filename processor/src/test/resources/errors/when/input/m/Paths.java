package m;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Tied;
import dev.ligature.processor.ToyBlock;

/** Members of objects that the model holds. */
final class Paths extends ToyBlock {
    @LoraTarget Block w;

    @LoraTarget @Tied(value = "w", when = "config.tied") Block fine1;
    @LoraTarget @Tied(value = "w", when = "config.inner.own") Block fine2;
    @LoraTarget @Tied(value = "w", when = "method.tied") Block fine3;
    @LoraTarget @Tied(value = "w", when = "config.teid") Block unknown;
    //                                    ^ LoraWhenUnknown
    @LoraTarget @Tied(value = "w", when = "confg.tied") Block unknownField;
    //                                    ^ LoraWhenUnknown
    @LoraTarget @Tied(value = "w", when = "config.size") Block number;
    //                                    ^ LoraWhenType
    @LoraTarget @Tied(value = "w", when = "hidden.tied") Block behindPrivate;
    //                                    ^ LoraWhenAccess
    @LoraTarget @Tied(value = "w", when = "config.own.tied") Block ofANumber;
    //                                    ^ LoraWhenUnknown
    @LoraTarget @Tied(value = "w", when = "config.") Block noMember;
    //                                    ^ LoraWhenUnknown
    @LoraTarget @Tied(value = "w", when = "far.secret") Block farSecret;
    //                                    ^ LoraWhenAccess
    @LoraTarget @Tied(value = "w", when = "far.open") Block fineFromFar;
    @LoraTarget @Tied(value = "w", when = "nested.open") Block fineInherited;

    final Config config = new Config(true, 1, null);
    private final Config hidden = config;
    final far.Settings far = new far.Settings();
    final far.Settings.Visible nested = null;

    Config method() {
        return hidden;
    }

    record Config(boolean tied, int size, Inner inner) {}

    record Inner(boolean own) {}
}
