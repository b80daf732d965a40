import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker;
import java.io.IOException;
import java.nio.file.Path;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Leaf}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 2)
final class LeafLora {
    /**
     * The module {@code a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field}.
     */
    public static final String A_VERY_LONG_NAME_OF_A_MODULE_THAT_DOES_NOT_FIT_ON_ONE_LINE_WITH_ITS_ROLE_AND_FIELD = "a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field";

    /** The module {@code x}. */
    public static final String X = "x";

    /** Has no instances. */
    private LeafLora() {}

    /**
     * Initialises a model with the weights of a Hugging Face directory, and freezes it.
     *
     * @param directory the directory, with {@code model.safetensors} or its shards
     * @param model the model, not yet initialised
     * @param manager the owner of the arrays
     * @param inputShapes the shapes to initialise with; if none, (1, 1): one token
     * @throws IOException if the files are missing, damaged or not of this model
     */
    public static void load(Path directory, Leaf model, NDManager manager, Shape... inputShapes)
            throws IOException {
        BaseCheckpoint.load(directory, model, LeafLora::visit, manager, inputShapes);
    }

    /**
     * Gives tied modules weights of their own, before the model is wrapped.
     *
     * @param model the model, initialised and not wrapped
     * @param modules the modules, by full names or what they end with
     */
    public static void untie(Leaf model, String... modules) {
        LoraModel.untieBase(model, LeafLora::visit, modules);
    }

    /**
     * Wraps a model, so that adapters can be added to its modules.
     *
     * @param model the model, initialised
     * @return the wrapped model
     */
    public static LoraModel wrap(Leaf model) {
        return LoraModel.wrap(model, LeafLora::visit);
    }

    /**
     * Describes the modules, roles and ties, without weights.
     *
     * @return the description
     */
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

    /**
     * For generated code: shows each module to a walker, and puts what it returns in place.
     *
     * @param model the model
     * @param walker the walker, scoped to the model's own path
     */
    public static void visit(Leaf model, ModuleWalker walker) {
        model.a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field = walker.module("a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field",
                Role.MODULE,
                model.a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field);
        model.x = walker.module("x", Role.OUTPUT_HEAD, model.x);
        walker.tie("x",
                "a_very_long_name_of_a_module_that_does_not_fit_on_one_line_with_its_role_and_field");
    }
}
