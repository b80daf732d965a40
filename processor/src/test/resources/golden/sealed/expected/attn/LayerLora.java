package attn;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Layer}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class LayerLora {
    /** The module {@code head}. */
    public static final String HEAD = "head";

    private LayerLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Layer model) {
        return LoraModel.wrap(model, LayerLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
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

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Layer model, ModuleVisitor visitor) {
        visitor.child("attn", model.attention, LayerLora::visitAttention);
        visitor.children("other", model.others, LayerLora::visitAttention);
        visitor.child("concrete", model.concrete, LayerLora::visitConcrete);
        visitor.child("mixer", model.mixer, LayerLora::visitMixer);
        model.head = visitor.module("head", Role.MODULE, model.head);
        visitor.tie("head", "attn.q_proj");
    }

    private static void visitAttention(Attention child, ModuleVisitor visitor) {
        if (child instanceof Attention.Default defaultChild) {
            Attention_DefaultLora.visit(defaultChild, visitor);
        } else if (child instanceof Attention.None none) {
            AttentionLora.visit(none, visitor);
        } else if (child.getClass() == Attention.Open.class) {
            Attention_OpenLora.visit((Attention.Open) child, visitor);
        } else {
            throw visitor.unknownClass(Attention.class, child);
        }
    }

    private static void visitConcrete(Concrete child, ModuleVisitor visitor) {
        if (child.getClass() == Concrete.class) {
            ConcreteLora.visit(child, visitor);
        } else if (child instanceof Concrete.Wide wide) {
            Concrete_WideLora.visit(wide, visitor);
        } else {
            throw visitor.unknownClass(Concrete.class, child);
        }
    }

    private static void visitMixer(Mixer<?> child, ModuleVisitor visitor) {
        if (child instanceof Mixer.Identity) {
            // It declares no modules.
        } else if (child instanceof Mixer.Mlp<?, ?> mlp) {
            Mixer_MlpLora.visit(mlp, visitor);
        } else {
            throw visitor.unknownClass(Mixer.class, child);
        }
    }
}
