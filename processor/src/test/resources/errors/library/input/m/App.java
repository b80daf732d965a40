package m;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;
import lib.Holder;
import lib.New;
import lib.Old;
import lib.Open;

final class App extends ToyBlock {
    @LoraChild Old old;
    //             ^ LoraChildNotProcessed
    @LoraChild New fromTheFuture;
    //             ^ LoraContract

    static final class Sub extends Old {
    //           ^ LoraSuperclassNotProcessed
        @LoraTarget Block more;
    }

    static final class SubOfHidden extends Open {
    //           ^ LoraSuperclassInaccessible
        @LoraTarget Block more;
    }

    static final class SubOfNew extends New {
    //           ^ LoraContract
        @LoraTarget Block more;
    }

    static final class Held extends Holder {
        @LoraChild Kid kid;
    //                 ^ LoraChildInaccessible
        @LoraChild Part part;
    //                  ^ LoraChildInaccessible
    }
}
