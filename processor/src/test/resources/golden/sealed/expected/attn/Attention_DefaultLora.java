package attn;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Attention.Default}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class Attention_DefaultLora {
    /** The module {@code k_proj}. */
    public static final String K_PROJ = "k_proj";

    private Attention_DefaultLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Attention.Default model) {
        return LoraModel.wrap(model, Attention_DefaultLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .include(AttentionLora.describe())
                .module("k_proj", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Attention.Default model, ModuleVisitor visitor) {
        AttentionLora.visit(model, visitor);
        model.kProj = visitor.module("k_proj", Role.MODULE, model.kProj);
    }
}
