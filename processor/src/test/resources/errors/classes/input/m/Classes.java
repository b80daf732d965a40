package m;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Tied;
import dev.ligature.inject.ModuleWalker;
import dev.ligature.processor.ToyBlock;

public class Classes {
    private static class Private extends ToyBlock {
    //             ^ LoraClassPrivate
        @LoraTarget Block w;
    }

    private static class Around {
        static class Within extends ToyBlock {
        //     ^ LoraClassPrivate
            @LoraTarget Block w;
        }
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
            Classes_UsesThemLora.OWN, Classes_PrivateLora.W, Classes_InnerLora.W,
            Classes_NoBlockLora.W, Classes_InterfaceLora.W, Classes_EnumLora.A
        };

        static Object[] members(UsesThem us, NoBlock noBlock, Inner inner, Interface i, Enum e) {
            return new Object[] {
                Classes_UsesThemLora.wrap(us), Classes_UsesThemLora.describe(),
                Classes_NoBlockLora.wrap(noBlock), Classes_NoBlockLora.describe(),
                Classes_InnerLora.wrap(inner), Classes_InnerLora.describe(),
                Classes_InterfaceLora.wrap(i), Classes_InterfaceLora.describe(),
                Classes_EnumLora.wrap(e), Classes_EnumLora.describe(),
                Classes_Around_WithinLora.wrap(new Around.Within()),
                Classes_PrivateLora.wrap(new Private()), Classes_PrivateLora.describe()
            };
        }

        static void visit(UsesThem us, NoBlock noBlock, ModuleWalker visitor) {
            Classes_UsesThemLora.visit(us, visitor);
            Classes_NoBlockLora.visit(noBlock, visitor);
        }
    }
}
