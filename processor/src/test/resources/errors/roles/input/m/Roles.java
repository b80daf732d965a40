package m;

import ai.djl.nn.Block;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.processor.ToyBlock;
import java.util.List;

final class Roles extends ToyBlock {
    @LoraTarget(role = Role.INPUT_EMBEDDING) Block tokens;
    @LoraTarget(value = "positions", role = Role.INPUT_EMBEDDING) Block positions;
    //                                          ^ LoraRoleTwice
    @LoraChild Part part;
    @LoraChild List<Part> parts;
//  ^ LoraRoleRepeated
    @LoraTarget(role = Role.OUTPUT_HEAD) List<Block> heads;
    //                     ^ LoraRoleRepeated

    static final class Part extends ToyBlock {
        @LoraTarget(role = Role.OUTPUT_HEAD) Block head;
    }

    static final class ThroughChildren extends ToyBlock {
        @LoraChild Part encoder;
        @LoraChild Part decoder;
    //  ^ LoraRoleTwice
    }

    static final class ThroughAChild extends ToyBlock {
        @LoraChild Part part;
        @LoraTarget(role = Role.OUTPUT_HEAD) Block head;
    //                         ^ LoraRoleTwice
    }

    static class Base extends ToyBlock {
        @LoraTarget(role = Role.INPUT_EMBEDDING) Block tokens;
    }

    static final class ThroughItsSuperclass extends Base {
        @LoraTarget(role = Role.INPUT_EMBEDDING) Block positions;
    //                         ^ LoraRoleTwice
    }
}
