package dev.ligature.examples.llama;

import dev.ligature.annotation.Role;
import dev.ligature.inject.ModuleVisitor;
import java.util.Objects;

/** Shows the modules of a model, until the generated classes do. */
final class LlamaModules {
    private LlamaModules() {}

    static void visit(LlamaForCausalLM model, ModuleVisitor visitor) {
        visitor.child("model", model.model, LlamaModules::visitModel);
        model.lmHead =
                Objects.requireNonNull(
                        visitor.module("lm_head", Role.OUTPUT_HEAD, model.lmHead));
        if (model.tieWordEmbeddings) {
            visitor.tie("lm_head", "model.embed_tokens");
        }
    }

    private static void visitModel(LlamaModel model, ModuleVisitor visitor) {
        model.embedTokens =
                Objects.requireNonNull(
                        visitor.module("embed_tokens", Role.INPUT_EMBEDDING, model.embedTokens));
        visitor.children("layers", model.layers, LlamaModules::visitLayer);
        model.norm = Objects.requireNonNull(visitor.module("norm", Role.MODULE, model.norm));
    }

    private static void visitLayer(LlamaDecoderLayer layer, ModuleVisitor visitor) {
        visitor.child("self_attn", layer.attention, LlamaModules::visitAttention);
        visitor.child("mlp", layer.mlp, LlamaModules::visitMlp);
        layer.inputNorm =
                Objects.requireNonNull(
                        visitor.module("input_layernorm", Role.MODULE, layer.inputNorm));
        layer.postAttentionNorm =
                Objects.requireNonNull(
                        visitor.module(
                                "post_attention_layernorm",
                                Role.MODULE,
                                layer.postAttentionNorm));
    }

    private static void visitAttention(LlamaAttention a, ModuleVisitor visitor) {
        a.queryProj =
                Objects.requireNonNull(visitor.module("q_proj", Role.MODULE, a.queryProj));
        a.keyProj = Objects.requireNonNull(visitor.module("k_proj", Role.MODULE, a.keyProj));
        a.valueProj =
                Objects.requireNonNull(visitor.module("v_proj", Role.MODULE, a.valueProj));
        a.outputProj =
                Objects.requireNonNull(visitor.module("o_proj", Role.MODULE, a.outputProj));
    }

    private static void visitMlp(LlamaMlp mlp, ModuleVisitor visitor) {
        mlp.gateProj =
                Objects.requireNonNull(visitor.module("gate_proj", Role.MODULE, mlp.gateProj));
        mlp.upProj = Objects.requireNonNull(visitor.module("up_proj", Role.MODULE, mlp.upProj));
        mlp.downProj =
                Objects.requireNonNull(visitor.module("down_proj", Role.MODULE, mlp.downProj));
    }
}
