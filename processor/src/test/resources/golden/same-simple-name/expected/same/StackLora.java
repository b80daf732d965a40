package same;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker;
import java.io.IOException;
import java.nio.file.Path;
import javax.annotation.processing.Generated;
import same.left.Mixer;
import same.left.Mixer_LeftLora;
import same.right.Mixer_RightLora;

/** Binds the modules of {@link Stack}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 2)
public final class StackLora {
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
    public static void load(Path directory, Stack model, NDManager manager, Shape... inputShapes)
            throws IOException {
        BaseCheckpoint.load(directory, model, StackLora::visit, manager, inputShapes);
    }

    /**
     * Gives tied modules weights of their own, before the model is wrapped.
     *
     * @param model the model, initialised and not wrapped
     * @param modules the modules, by full names or what they end with
     */
    public static void untie(Stack model, String... modules) {
        LoraModel.untieBase(model, StackLora::visit, modules);
    }

    /**
     * Wraps a model, so that adapters can be added to its modules.
     *
     * @param model the model, initialised
     * @return the wrapped model
     */
    public static LoraModel wrap(Stack model) {
        return LoraModel.wrap(model, StackLora::visit);
    }

    /**
     * Describes the modules, roles and ties, without weights.
     *
     * @return the description
     */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .child("gate", MixerGate_OnlyLora.describe())
                .child("left", Mixer_LeftLora.describe())
                .child("right", Mixer_RightLora.describe())
                .build();
    }

    /**
     * For generated code: shows each module to a walker, and puts what it returns in place.
     *
     * @param model the model
     * @param walker the walker, scoped to the model's own path
     */
    public static void visit(Stack model, ModuleWalker walker) {
        walker.child("gate", model.gate, StackLora::visitMixerGate);
        walker.child("left", model.left, StackLora::visitMixer);
        walker.child("right", model.right, StackLora::visitMixer2);
    }

    /**
     * Visits a child of the class that it has.
     *
     * @param child the child
     * @param walker the walker, scoped to the child's path
     */
    private static void visitMixerGate(MixerGate child, ModuleWalker walker) {
        if (child instanceof MixerGate.Only only) {
            MixerGate_OnlyLora.visit(only, walker);
        } else {
            throw walker.unknownClass(MixerGate.class, child);
        }
    }

    /**
     * Visits a child of the class that it has.
     *
     * @param child the child
     * @param walker the walker, scoped to the child's path
     */
    private static void visitMixer(Mixer child, ModuleWalker walker) {
        if (child instanceof Mixer.Left left) {
            Mixer_LeftLora.visit(left, walker);
        } else {
            throw walker.unknownClass(Mixer.class, child);
        }
    }

    /**
     * Visits a child of the class that it has.
     *
     * @param child the child
     * @param walker the walker, scoped to the child's path
     */
    private static void visitMixer2(same.right.Mixer child, ModuleWalker walker) {
        if (child instanceof same.right.Mixer.Right right) {
            Mixer_RightLora.visit(right, walker);
        } else {
            throw walker.unknownClass(same.right.Mixer.class, child);
        }
    }
}
