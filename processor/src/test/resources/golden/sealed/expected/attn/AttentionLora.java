package attn;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Attention}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class AttentionLora {
    /** The module {@code q_proj}. */
    public static final String Q_PROJ = "q_proj";

    private AttentionLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Attention model) {
        return LoraModel.wrap(model, AttentionLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("q_proj", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Attention model, ModuleVisitor visitor) {
        model.qProj = visitor.module("q_proj", Role.MODULE, model.qProj);
    }
}
