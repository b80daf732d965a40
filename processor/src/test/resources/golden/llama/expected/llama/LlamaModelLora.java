package llama;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link LlamaModel}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class LlamaModelLora {
    /** The module {@code embed_tokens}. */
    public static final String EMBED_TOKENS = "embed_tokens";

    /** The module {@code norm}. */
    public static final String NORM = "norm";

    private LlamaModelLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(LlamaModel model) {
        return LoraModel.wrap(model, LlamaModelLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("embed_tokens", Role.INPUT_EMBEDDING)
                .children("layers", LlamaDecoderLayerLora.describe())
                .module("norm", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(LlamaModel model, ModuleVisitor visitor) {
        model.embedTokens = visitor.module("embed_tokens", Role.INPUT_EMBEDDING, model.embedTokens);
        visitor.children("layers", model.layers, LlamaDecoderLayerLora::visit);
        model.norm = visitor.module("norm", Role.MODULE, model.norm);
    }
}
