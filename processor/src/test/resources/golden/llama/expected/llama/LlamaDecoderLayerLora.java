package llama;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link LlamaDecoderLayer}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class LlamaDecoderLayerLora {
    /** The module {@code input_layernorm}. */
    public static final String INPUT_LAYERNORM = "input_layernorm";

    private LlamaDecoderLayerLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(LlamaDecoderLayer model) {
        return LoraModel.wrap(model, LlamaDecoderLayerLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .child("self_attn", LlamaDecoderLayer_AttentionLora.describe())
                .module("input_layernorm", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(LlamaDecoderLayer model, ModuleVisitor visitor) {
        visitor.child("self_attn", model.selfAttn, LlamaDecoderLayer_AttentionLora::visit);
        model.inputLayernorm = visitor.module("input_layernorm", Role.MODULE, model.inputLayernorm);
    }
}
