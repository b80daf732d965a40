import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.annotation.Tied;
import dev.ligature.processor.ToyBlock;

final class Leaf extends ToyBlock {
    @LoraTarget Block a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field;

    @LoraTarget(role = Role.OUTPUT_HEAD)
    @Tied("a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field")
    Block x;
}
