package m;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;
import java.util.List;

final class Names extends ToyBlock {
    @LoraTarget("a b") Block space;
    //          ^ LoraBadName
    @LoraTarget("a..b") Block dots;
    //          ^ LoraBadName
    @LoraTarget(value = ".a") Block leading;
    //                  ^ LoraBadName
    @LoraTarget Block $dollar;
//  ^ LoraBadName
    @LoraChild("*") Part star;
    //         ^ LoraBadName

    @LoraTarget Block qProj;
    @LoraTarget("q_proj") Block again;
    //          ^ LoraDuplicateName
    @LoraTarget("q.proj") Block clash;
    //          ^ LoraConstantClash

    @LoraChild("part") Part one;
    @LoraChild("part") Part two;
    //         ^ LoraDuplicateName
    @LoraTarget("part.w") Block inner;
    //          ^ LoraDuplicatePath
    @LoraChild("parts") List<Part> list;
    @LoraTarget("parts.0.w") Block indexed;
    //          ^ LoraDuplicatePath
    @LoraTarget("parts.first.w") Block fine;

    static final class Part extends ToyBlock {
        @LoraTarget Block w;
    }

    static class Base extends ToyBlock {
        @LoraTarget Block norm;
    }

    static final class Sub extends Base {
        @LoraTarget("norm") Block other;
    //              ^ LoraDuplicatePath
    }
}
