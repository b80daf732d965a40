package llama;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link LlamaForCausalLM}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class LlamaForCausalLMLora {
    /** The module {@code lm_head}. */
    public static final String LM_HEAD = "lm_head";

    private LlamaForCausalLMLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(LlamaForCausalLM model) {
        return LoraModel.wrap(model, LlamaForCausalLMLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .child("model", LlamaModelLora.describe())
                .module("lm_head", Role.OUTPUT_HEAD)
                .tie("lm_head", "model.embed_tokens", "tieWordEmbeddings")
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(LlamaForCausalLM model, ModuleVisitor visitor) {
        visitor.child("model", model.model, LlamaModelLora::visit);
        model.lmHead = visitor.module("lm_head", Role.OUTPUT_HEAD, model.lmHead);
        if (model.tieWordEmbeddings) {
            visitor.tie("lm_head", "model.embed_tokens");
        }
    }
}
