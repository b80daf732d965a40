package m;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Tied;
import dev.ligature.processor.ToyBlock;

/** Fields that hide others: what the generated class reads is the nearest. */
final class Hiding {
    static class Base extends ToyBlock {
        boolean tied;
        @LoraTarget Block w;

        boolean method() {
            return tied;
        }
    }

    static class OfAnotherType extends Base {
        String tied;

        @LoraTarget @Tied(value = "w", when = "tied") Block head;
        //                                    ^ LoraWhenType
    }

    static class Private extends Base {
        private boolean tied;

        @LoraTarget @Tied(value = "w", when = "tied") Block head;
        //                                    ^ LoraWhenAccess

        boolean read() {
            return tied;
        }
    }

    static class Static extends Base {
        static boolean tied;

        @LoraTarget @Tied(value = "w", when = "tied") Block head;
        //                                    ^ LoraWhenAccess
    }

    static class OfAPrivateOne extends Between {
        @LoraTarget @Tied(value = "w", when = "tied") Block head;
        //                                    ^ LoraWhenAccess
    }

    static class Between extends Base {
        private boolean tied;

        boolean read() {
            return tied;
        }
    }

    static class Twice extends Base implements Constants {
        @LoraTarget @Tied(value = "w", when = "tied") Block head;
        //                                    ^ LoraWhenAccess
    }

    interface Constants {
        boolean tied = true;
    }

    static class FarAndNear extends far.Far {
        @LoraTarget Block w;
        boolean far;

        @LoraTarget @Tied(value = "w", when = "far") Block fineFromFar;
    }

    static class OfTheSameType extends Base {
        boolean tied;
        String method;

        @LoraTarget @Tied(value = "w", when = "tied") Block fine;
        @LoraTarget @Tied(value = "w", when = "method") Block fineToo;
    }
}
