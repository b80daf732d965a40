package m;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;
import java.util.List;
import java.util.Map;

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

    @LoraChild("inside") Holder holder;
    @LoraChild("inside.part") Part again2;
    //         ^ LoraDuplicatePath
    @LoraChild("map") Map<String, Part> map;
    @LoraChild("map.0") Part inMap;
    //         ^ LoraDuplicatePath
    @LoraTarget("fc1Out") Block fc1;
    @LoraTarget("fc1_out") Block fc2;
    //          ^ LoraConstantClash

    static final class Holder extends ToyBlock {
        @LoraChild Part part;
    }

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
