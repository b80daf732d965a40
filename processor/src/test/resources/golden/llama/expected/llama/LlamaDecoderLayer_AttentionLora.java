package llama;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link LlamaDecoderLayer.Attention}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class LlamaDecoderLayer_AttentionLora {
    /** The module {@code q_proj}. */
    public static final String Q_PROJ = "q_proj";

    /** The module {@code k_proj}. */
    public static final String K_PROJ = "k_proj";

    private LlamaDecoderLayer_AttentionLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(LlamaDecoderLayer.Attention model) {
        return LoraModel.wrap(model, LlamaDecoderLayer_AttentionLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("q_proj", Role.MODULE)
                .module("k_proj", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(LlamaDecoderLayer.Attention model, ModuleVisitor visitor) {
        model.qProj = visitor.module("q_proj", Role.MODULE, model.qProj);
        model.kProj = visitor.module("k_proj", Role.MODULE, model.kProj);
    }
}
