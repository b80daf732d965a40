package m;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Tied;

final class When extends Base {
    @LoraTarget @Tied(value = "w", when = "far") Block far1;
    //                                    ^ LoraWhenAccess
    @LoraTarget @Tied(value = "w", when = "farMethod") Block far2;
    //                                    ^ LoraWhenAccess
    @LoraTarget @Tied(value = "w", when = "farHidden") Block far3;
    //                                    ^ LoraWhenAccess
    @LoraTarget @Tied(value = "w", when = "farPublic") Block fineFromFar;
    @LoraTarget Block w;
    @LoraTarget @Tied(value = "w", when = "tieWord") Block unknown;
    //                                    ^ LoraWhenUnknown
    @LoraTarget @Tied(value = "w", when = "number") Block wrongType;
    //                                    ^ LoraWhenType
    @LoraTarget @Tied(value = "w", when = "boxed") Block boxed1;
    //                                    ^ LoraWhenType
    @LoraTarget @Tied(value = "w", when = "hidden") Block hidden1;
    //                                    ^ LoraWhenAccess
    @LoraTarget @Tied(value = "w", when = "SHARED") Block shared1;
    //                                    ^ LoraWhenAccess
    @LoraTarget @Tied(value = "w", when = "throwing") Block throwing1;
    //                                    ^ LoraWhenAccess
    @LoraTarget @Tied(value = "w", when = "withParameter") Block withParameter1;
    //                                    ^ LoraWhenAccess
    @LoraTarget @Tied(value = "w", when = "inherited") Block fine;
    @LoraTarget @Tied(value = "w", when = "tieWords") Block fineToo;

    int number;
    Boolean boxed;
    private boolean hidden;
    static final boolean SHARED = true;
    private boolean tieWords;

    boolean throwing() throws Exception {
        return hidden;
    }

    boolean withParameter(int x) {
        return true;
    }

    boolean tieWords() {
        return tieWords;
    }
}

class Base extends far.Far {
    boolean inherited;
}
