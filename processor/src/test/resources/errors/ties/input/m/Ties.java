package m;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Tied;
import dev.ligature.processor.ToyBlock;
import java.util.List;
import java.util.Map;

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

    @LoraTarget @Tied("") Block nothing;
    //                ^ LoraTieUnknown

    @LoraChild Map<String, Part> named;
    @LoraChild Part[] array;
    @LoraTarget @Tied("named.first.w") Block inMap;
    //                ^ LoraTieThroughList
    @LoraTarget @Tied("array.w") Block inArray;
    //                ^ LoraTieThroughList
    @LoraTarget @Tied("array.1.w") Block inArrayToo;
    //                ^ LoraTieThroughList
    @LoraTarget @Tied("one.forgotten") Block inChild;
    //                ^ LoraTieUntargeted

    static final class Part extends ToyBlock {
        @LoraTarget Block w;
        Block forgotten;
    }

    static final class Few extends ToyBlock {
        @LoraTarget @Tied("something_else") Block a;
        //                ^ LoraTieUnknown
        @LoraTarget Block b;
        @LoraTarget Block c;
    }

    static final class Far extends ToyBlock {
        @LoraTarget @Tied("embed_tokXXXXX") Block head;
        //                ^ LoraTieUnknown
        @LoraTarget Block embedTokens;
        @LoraTarget List<Block> others;
    }

    static final class Pair extends ToyBlock {
        @LoraTarget Block a;
        @LoraTarget @Tied("a") Block b;
    }

    @Tied(module = "pair.a", value = "pair.b")
    //                               ^ LoraTieCycle
    static final class CycleThroughAChild extends ToyBlock {
        @LoraChild Pair pair;
    }

    @Tied(module = "pair.b", value = "other")
    //                               ^ LoraTieContradiction
    static final class ContradictsAChild extends ToyBlock {
        @LoraChild Pair pair;
        @LoraTarget Block other;
    }

    static class Base extends ToyBlock {
        @LoraTarget Block norm;
        @LoraTarget @Tied("norm") Block copy;
    }

    @Tied(module = "copy", value = "norm")
    //                             ^ LoraTieTwice
    static final class RepeatsItsSuperclass extends Base {
        @LoraTarget Block w;
    }
}
