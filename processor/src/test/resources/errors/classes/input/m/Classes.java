package m;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Tied;
import dev.ligature.processor.ToyBlock;

public class Classes {
    private static class Private extends ToyBlock {
    //             ^ LoraClassPrivate
        @LoraTarget Block w;
    }

    class Inner extends ToyBlock {
//  ^ LoraClassInner
        @LoraTarget Block w;
    }

    static class NoBlock {
    //     ^ LoraClassNotBlock
        @LoraTarget Block w;
    }

    interface Interface extends Block {
//  ^ LoraClassKind
        @LoraTarget Block W = null;
    }

    enum Enum {
//  ^ LoraClassKind
        @LoraTarget
        A
    }

    @Tied(module = "a", value = "b")
    @interface Annotation {}
//   ^ LoraClassKind

    static class UsesThem extends ToyBlock {
        @LoraChild Private one;
        @LoraChild NoBlock two;
        @LoraTarget Block own;

        static final String[] NAMES = {
            Classes_UsesThemLora.OWN, Classes_PrivateLora.W, Classes_InnerLora.W
        };
    }
}
