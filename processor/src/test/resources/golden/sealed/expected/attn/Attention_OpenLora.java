package attn;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Attention.Open}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class Attention_OpenLora {
    /** The module {@code k_proj}. */
    public static final String K_PROJ = "k_proj";

    private Attention_OpenLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Attention.Open model) {
        return LoraModel.wrap(model, Attention_OpenLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .include(AttentionLora.describe())
                .module("k_proj", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Attention.Open model, ModuleVisitor visitor) {
        AttentionLora.visit(model, visitor);
        model.kProj = visitor.module("k_proj", Role.MODULE, model.kProj);
    }
}
