package gen;

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

/** Binds the modules of {@link Stack}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 2)
public final class StackLora {
    /** The module {@code in}. */
    public static final String IN = "in";

    /** Has no instances. */
    private StackLora() {}

    /**
     * Initialises a model with the weights of a Hugging Face directory, and freezes it.
     *
     * @param directory the directory, with {@code model.safetensors} or its shards
     * @param model the model, not yet initialised
     * @param manager the owner of the arrays
     * @param inputShapes the shapes to initialise with; if none, (1, 1): one token
     * @throws IOException if the files are missing, damaged or not of this model
     */
    public static void load(Path directory, Stack<?, ?> model, NDManager manager,
            Shape... inputShapes) throws IOException {
        BaseCheckpoint.load(directory, model, StackLora::visit, manager, inputShapes);
    }

    /**
     * Gives tied modules weights of their own, before the model is wrapped.
     *
     * @param model the model, initialised and not wrapped
     * @param modules the modules, by full names or what they end with
     */
    public static void untie(Stack<?, ?> model, String... modules) {
        LoraModel.untieBase(model, StackLora::visit, modules);
    }

    /**
     * Wraps a model, so that adapters can be added to its modules.
     *
     * @param model the model, initialised
     * @return the wrapped model
     */
    public static LoraModel wrap(Stack<?, ?> model) {
        return LoraModel.wrap(model, StackLora::visit);
    }

    /**
     * Describes the modules, roles and ties, without weights.
     *
     * @return the description
     */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("in", Role.MODULE)
                .children("layers", LayerLora.describe())
                .child("first", LayerLora.describe())
                .children("array", LayerLora.describe())
                .child("one", LayerLora.describe())
                .children("map", LayerLora.describe())
                .build();
    }

    /**
     * For generated code: shows each module to a walker, and puts what it returns in place.
     *
     * @param model the model
     * @param walker the walker, scoped to the model's own path
     */
    public static void visit(Stack<?, ?> model, ModuleWalker walker) {
        model.input = walker.module("in", Role.MODULE, model.input);
        walker.children("layers", model.layers, Layer.class, LayerLora::visit);
        walker.child("first", model.first, Layer.class, LayerLora::visit);
        walker.children("array", model.array, Layer.class, LayerLora::visit);
        walker.child("one", model.one, Layer.class, LayerLora::visit);
        walker.children("map", model.map, Layer.class, LayerLora::visit);
    }
}
