package m;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Tied;
import dev.ligature.processor.ToyBlock;
import java.util.List;

@Tied("one.w")
@Tied(module = "nowhere", value = "one.w")
@Tied(module = "two.w", value = "one.w")
@Tied(module = "two.w", value = "one.w")
@Tied(module = "two.w", value = "three")
final class Ties extends ToyBlock {
    //^ LoraTieContradiction
    //^ LoraTieModuleMissing
    //^ LoraTieTwice
    //^ LoraTieUnknown
    @LoraChild Part one;
    @LoraChild Part two;
    @LoraChild List<Part> parts;
    Block plain;

    @LoraTarget @Tied("embed_tokns") Block unknown;
    //                ^ LoraTieUnknown
    @LoraTarget @Tied("somewhere_else") Block elsewhere;
    //                ^ LoraTieUnknown
    @LoraTarget @Tied("w") Block ambiguous;
    //                ^ LoraTieAmbiguous
    @LoraTarget @Tied("myself") Block myself;
    //                ^ LoraTieSelf
    @LoraTarget @Tied("parts.0.w") Block indexed;
    //                ^ LoraTieThroughList
    @LoraTarget @Tied("rows") Block row;
    //                ^ LoraTieThroughList
    @LoraTarget @Tied("plain") Block untargeted;
    //                ^ LoraTieUntargeted
    @LoraTarget @Tied(value = "three", module = "four") Block module;
    //                                          ^ LoraTieModuleOnField
    @LoraTarget @Tied("three") List<Block> rows;
    //          ^ LoraTieOfList
    @Tied("three") Block noTarget;
//  ^ LoraTieWithoutTarget
    @LoraTarget Block three;
    @LoraTarget Block embedTokens;

    @LoraTarget @Tied(value = "circle_b", when = "on") Block circleA;
    //                        ^ LoraTieCycle
    @LoraTarget @Tied("circle_c") Block circleB;
    @LoraTarget @Tied("circle_a") Block circleC;
    @LoraTarget @Tied("circle_a") Block leadsIn;
    boolean on;

    @LoraTarget @Tied(value = "three", when = "on") @Tied("one.w") Block both;
    //                                                                   ^ LoraTieContradiction

    static final class Part extends ToyBlock {
        @LoraTarget Block w;
    }
}
