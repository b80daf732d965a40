import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Leaf}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class LeafLora {
    /**
     * The module {@code a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field}.
     */
    public static final String A_VERY_LONG_NAME_OF_A_MODULE_THAT_DOES_NOT_FIT_ON_ONE_LINE_WITH_ITS_ROLE_AND_FIELD = "a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field";

    /** The module {@code x}. */
    public static final String X = "x";

    private LeafLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Leaf model) {
        return LoraModel.wrap(model, LeafLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field",
                        Role.MODULE)
                .module("x", Role.OUTPUT_HEAD)
                .tie("x",
                        "a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field",
                        "")
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Leaf model, ModuleVisitor visitor) {
        model.a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field = visitor.module("a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field",
                Role.MODULE,
                model.a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field);
        model.x = visitor.module("x", Role.OUTPUT_HEAD, model.x);
        visitor.tie("x",
                "a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field");
    }
}
