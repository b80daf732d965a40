package attn;

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

/** Binds the modules of {@link Layer}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 2)
public final class LayerLora {
    /** The module {@code head}. */
    public static final String HEAD = "head";

    /** Has no instances. */
    private LayerLora() {}

    /**
     * Initialises a model with the weights of a Hugging Face directory, and freezes it.
     *
     * @param directory the directory, with {@code model.safetensors} or its shards
     * @param model the model, not yet initialised
     * @param manager the owner of the arrays
     * @param inputShapes the shapes to initialise with; if none, (1, 1): one token
     * @throws IOException if the files are missing, damaged or not of this model
     */
    public static void load(Path directory, Layer model, NDManager manager, Shape... inputShapes)
            throws IOException {
        BaseCheckpoint.load(directory, model, LayerLora::visit, manager, inputShapes);
    }

    /**
     * Gives tied modules weights of their own, before the model is wrapped.
     *
     * @param model the model, initialised and not wrapped
     * @param modules the modules, by full names or what they end with
     */
    public static void untie(Layer model, String... modules) {
        LoraModel.untieBase(model, LayerLora::visit, modules);
    }

    /**
     * Wraps a model, so that adapters can be added to its modules.
     *
     * @param model the model, initialised
     * @return the wrapped model
     */
    public static LoraModel wrap(Layer model) {
        return LoraModel.wrap(model, LayerLora::visit);
    }

    /**
     * Describes the modules, roles and ties, without weights.
     *
     * @return the description
     */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .child("attn", Attention_DefaultLora.describe())
                .child("attn", AttentionLora.describe())
                .child("attn", Attention_OpenLora.describe())
                .children("other", Attention_DefaultLora.describe())
                .children("other", AttentionLora.describe())
                .children("other", Attention_OpenLora.describe())
                .child("concrete", ConcreteLora.describe())
                .child("concrete", Concrete_WideLora.describe())
                .child("mixer", Mixer_MlpLora.describe())
                .module("head", Role.MODULE)
                .tie("head", "attn.q_proj", "")
                .build();
    }

    /**
     * For generated code: shows each module to a walker, and puts what it returns in place.
     *
     * @param model the model
     * @param walker the walker, scoped to the model's own path
     */
    public static void visit(Layer model, ModuleWalker walker) {
        walker.child("attn", model.attention, LayerLora::visitAttention);
        walker.children("other", model.others, LayerLora::visitAttention);
        walker.child("concrete", model.concrete, LayerLora::visitConcrete);
        walker.child("mixer", model.mixer, LayerLora::visitMixer);
        model.head = walker.module("head", Role.MODULE, model.head);
        walker.tie("head", "attn.q_proj");
    }

    /**
     * Visits a child of the class that it has.
     *
     * @param child the child
     * @param walker the walker, scoped to the child's path
     */
    private static void visitAttention(Attention child, ModuleWalker walker) {
        if (child instanceof Attention.Default defaultChild) {
            Attention_DefaultLora.visit(defaultChild, walker);
        } else if (child instanceof Attention.None none) {
            AttentionLora.visit(none, walker);
        } else if (child.getClass() == Attention.Open.class) {
            Attention_OpenLora.visit((Attention.Open) child, walker);
        } else {
            throw walker.unknownClass(Attention.class, child);
        }
    }

    /**
     * Visits a child of the class that it has.
     *
     * @param child the child
     * @param walker the walker, scoped to the child's path
     */
    private static void visitConcrete(Concrete child, ModuleWalker walker) {
        if (child.getClass() == Concrete.class) {
            ConcreteLora.visit(child, walker);
        } else if (child instanceof Concrete.Wide wide) {
            Concrete_WideLora.visit(wide, walker);
        } else {
            throw walker.unknownClass(Concrete.class, child);
        }
    }

    /**
     * Visits a child of the class that it has.
     *
     * @param child the child
     * @param walker the walker, scoped to the child's path
     */
    private static void visitMixer(Mixer<?> child, ModuleWalker walker) {
        if (child instanceof Mixer.Identity) {
            // It declares no modules.
        } else if (child instanceof Mixer.Mlp<?, ?> mlp) {
            Mixer_MlpLora.visit(mlp, walker);
        } else {
            throw walker.unknownClass(Mixer.class, child);
        }
    }
}
