package m;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

final class Children<T> extends ToyBlock {
    @SuppressWarnings("rawtypes") @LoraChild List raw;
    //                                            ^ LoraChildRaw
    @SuppressWarnings("rawtypes") @LoraChild Map rawMap;
    //                                           ^ LoraChildRaw
    @LoraChild Map<Integer, Part> keys;
    //                            ^ LoraChildKey
    @LoraChild Set<Part> set;
    //                   ^ LoraChildType
    @LoraChild List<List<Part>> nested;
    //                          ^ LoraChildType
    @LoraChild int number;
    //             ^ LoraChildType
    @LoraChild T unbound;
    //           ^ LoraChildType
    @LoraChild List<?> any;
    //                 ^ LoraChildType
    @LoraChild Block block;
    //               ^ LoraChildType
    @LoraChild Plain plain;
//  ^ LoraChildEmpty
    @LoraChild List<Plain> plains;
//  ^ LoraChildEmpty
    @LoraChild Open open;
    //              ^ LoraChildAbstract
    @LoraChild Shape shape;
    //               ^ LoraChildAbstract
    @LoraChild Fruit fruit;
    //               ^ LoraChildAbstract
    //               ^ LoraChildInaccessible
    @LoraChild Loop loop;
    @LoraChild List<Children<String>> self;
    //                                ^ LoraChildRecursive
    @LoraChild Part part;
    Part forgotten;
    //   ^ LoraUnreachable
    List<Part> forgottenToo;
    //         ^ LoraUnreachable

    Part[] forgottenArray;
    //     ^ LoraUnreachable
    Map<String, Part> forgottenMap;
    //                ^ LoraUnreachable
    Set<Optional<Part>> forgottenElsewhere;
    //                  ^ LoraUnreachable
    Comparable<Part> notHeld;
    static Part shared;

    @SuppressWarnings("LoraUnreachable")
    Part meant;

    static final class Part extends ToyBlock {
        @LoraTarget Block w;
    }

    static final class Plain extends ToyBlock {
        Block w;
    }

    abstract static class Open extends ToyBlock {
        @LoraTarget Block w;
    }

    interface Shape extends Block {}

    sealed interface Fruit extends Block permits Apple, Pear, Plum {}

    static final class Apple extends ToyBlock implements Fruit {
        @LoraTarget Block w;
    }

    abstract static non-sealed class Pear extends ToyBlock implements Fruit {}

    private static final class Plum extends ToyBlock implements Fruit {}

    static final class Loop extends ToyBlock {
        @LoraChild Back back;
    //                  ^ LoraChildRecursive
    }

    static final class Back extends ToyBlock {
        @LoraTarget Block w;
        @LoraChild List<Loop> loops;
    //                        ^ LoraChildRecursive
    }
}
