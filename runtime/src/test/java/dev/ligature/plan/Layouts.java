package dev.ligature.plan;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.annotation.Role;
import java.util.ArrayList;
import java.util.List;

/** Layouts of models, made by hand. */
public final class Layouts {
    public static final Shape TABLE = new Shape(67, 24);
    public static final Shape SQUARE = new Shape(24, 24);

    private Layouts() {}

    public static ModelLayout.Module linear(String name) {
        return module(name, Role.MODULE, ModuleKind.LINEAR, "Linear", name, SQUARE);
    }

    public static ModelLayout.Module embedding(String name) {
        return module(
                name, Role.INPUT_EMBEDDING, ModuleKind.EMBEDDING, "TokenEmbedding", name, TABLE);
    }

    public static ModelLayout.Module head(String name, String weight) {
        return module(name, Role.OUTPUT_HEAD, ModuleKind.LINEAR, "TiedLinear", weight, TABLE);
    }

    public static ModelLayout.Module norm(String name) {
        return module(name, Role.MODULE, ModuleKind.OTHER, "RmsNorm", name, new Shape(24));
    }

    /** A linear module with a bias of its own. */
    public static ModelLayout.Module withBias(ModelLayout.Module module) {
        List<ModelLayout.Parameter> parameters = new ArrayList<>(module.parameters());
        parameters.add(
                new ModelLayout.Parameter(
                        "bias",
                        module.name() + ".bias",
                        new Shape(module.shape().get(0)),
                        module.dataType(),
                        true));
        return new ModelLayout.Module(
                module.name(),
                module.aliases(),
                module.role(),
                module.kind(),
                module.type(),
                module.weight(),
                module.shape(),
                module.dataType(),
                module.groups(),
                module.transposed(),
                parameters);
    }

    public static ModelLayout.Module other(String name, String type) {
        return module(
                name,
                List.of(),
                Role.MODULE,
                ModuleKind.OTHER,
                type,
                "",
                new Shape(),
                DataType.UNKNOWN);
    }

    public static ModelLayout.Module module(
            String name, Role role, ModuleKind kind, String type, String weight, Shape shape) {
        return module(name, List.of(), role, kind, type, weight, shape, DataType.FLOAT32);
    }

    public static ModelLayout.Module module(
            String name,
            List<String> aliases,
            Role role,
            ModuleKind kind,
            String type,
            String weight,
            Shape shape,
            DataType dataType) {
        return module(name, aliases, role, kind, type, weight, shape, dataType, 1);
    }

    /** A module that reads nothing but its weight. */
    public static ModelLayout.Module module(
            String name,
            List<String> aliases,
            Role role,
            ModuleKind kind,
            String type,
            String weight,
            Shape shape,
            DataType dataType,
            int groups) {
        List<ModelLayout.Parameter> parameters =
                weight.isEmpty()
                        ? List.of()
                        : List.of(
                                new ModelLayout.Parameter(
                                        "weight", weight + ".weight", shape, dataType, false));
        return new ModelLayout.Module(
                name,
                aliases,
                role,
                kind,
                type,
                weight,
                shape,
                dataType,
                groups,
                false,
                parameters);
    }

    /** A Llama of two layers whose head is tied to its embedding, or not. */
    public static ModelLayout llama(boolean tied) {
        List<ModelLayout.Module> modules = new ArrayList<>();
        modules.add(embedding("model.embed_tokens"));
        for (int layer = 0; layer < 2; layer++) {
            String path = "model.layers." + layer + ".";
            for (String name : List.of("q_proj", "k_proj", "v_proj", "o_proj")) {
                modules.add(linear(path + "self_attn." + name));
            }
            for (String name : List.of("gate_proj", "up_proj", "down_proj")) {
                modules.add(linear(path + "mlp." + name));
            }
            modules.add(norm(path + "input_layernorm"));
        }
        modules.add(norm("model.norm"));
        modules.add(head("lm_head", tied ? "model.embed_tokens" : "lm_head"));
        return new ModelLayout(modules);
    }
}
