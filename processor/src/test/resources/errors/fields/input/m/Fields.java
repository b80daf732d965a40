package m;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.processor.ToyBlock;
import java.util.List;
import java.util.Map;

@SuppressWarnings("rawtypes")
final class Fields<B extends Block> extends ToyBlock {
    @LoraTarget private Block hidden;
    //                        ^ LoraFieldPrivate
    @LoraTarget static Block shared;
    //                       ^ LoraFieldStatic
    @LoraTarget final Block fixed = null;
    //                      ^ LoraFieldFinal
    @LoraTarget ToyBlock narrow;
    //                   ^ LoraTargetType
    @LoraTarget List<? extends Block> list;
    //                                ^ LoraTargetType
    @LoraTarget List list2;
    //               ^ LoraTargetType
    @LoraTarget Block[][] grid;
    //                    ^ LoraTargetType
    @LoraTarget Map<Integer, Block> map;
    //                              ^ LoraTargetType
    @LoraTarget Map<String, ? extends Block> map2;
    //                                       ^ LoraTargetType
    @LoraTarget final ToyBlock fixed2 = null;
    //                         ^ LoraFieldFinal
    //                         ^ LoraTargetType
    @LoraTarget final List<Block> fineList = null;
    @LoraTarget final Map<String, Block> fineMap = null;
    @LoraTarget B variable;
    //            ^ LoraTargetType
    @LoraTarget private static final int[] EVERYTHING = {};
    //                                     ^ LoraFieldFinal
    //                                     ^ LoraFieldPrivate
    //                                     ^ LoraFieldStatic
    //                                     ^ LoraTargetType
    @LoraChild private Child child;
    //                       ^ LoraFieldPrivate
    @LoraChild static List<Child> children;
    //                            ^ LoraFieldStatic
    @LoraChild @LoraTarget Child both;
    //                           ^ LoraFieldBoth
    @LoraTarget Block fine;

    static final String NAME = FieldsLora.FINE + FieldsLora.HIDDEN + FieldsLora.fineList(1);

    static final class Child extends ToyBlock {
        @LoraTarget Block w;
    }
}
