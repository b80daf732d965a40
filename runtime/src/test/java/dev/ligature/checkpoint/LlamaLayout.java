package dev.ligature.checkpoint;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.annotation.Role;
import dev.ligature.plan.Layouts;
import dev.ligature.plan.ModelLayout;
import dev.ligature.plan.ModelLayout.Module;
import dev.ligature.plan.ModuleKind;
import java.util.ArrayList;
import java.util.List;

/** The layout of the tied Llama that the adapters of the tests are for. */
public final class LlamaLayout {
    private static final String EMBEDDING = "model.embed_tokens";

    private LlamaLayout() {}

    /** Returns the layout, with V = 29, d = 16 and two layers. */
    public static ModelLayout tied() {
        return layout(EMBEDDING, DataType.FLOAT32);
    }

    /** Returns the same with weights of another data type. */
    public static ModelLayout tied(DataType type) {
        return layout(EMBEDDING, type);
    }

    /** Returns the same with a head that has a weight of its own. */
    public static ModelLayout untied() {
        return layout("lm_head", DataType.FLOAT32);
    }

    private static ModelLayout layout(String headWeight, DataType type) {
        List<Module> modules = new ArrayList<>();
        modules.add(
                module(
                        EMBEDDING,
                        Role.INPUT_EMBEDDING,
                        ModuleKind.EMBEDDING,
                        EMBEDDING,
                        new Shape(29, 16),
                        type));
        for (int i = 0; i < 2; i++) {
            String attention = "model.layers." + i + ".self_attn.";
            modules.add(linear(attention + "q_proj", 16, type));
            modules.add(linear(attention + "v_proj", 8, type));
        }
        modules.add(
                module(
                        "lm_head",
                        Role.OUTPUT_HEAD,
                        ModuleKind.LINEAR,
                        headWeight,
                        new Shape(29, 16),
                        type));
        return new ModelLayout(modules);
    }

    private static Module linear(String name, long out, DataType type) {
        return module(name, Role.MODULE, ModuleKind.LINEAR, name, new Shape(out, 16), type);
    }

    private static Module module(
            String name, Role role, ModuleKind kind, String weight, Shape shape, DataType type) {
        String block = kind == ModuleKind.LINEAR ? "Linear" : "TokenEmbedding";
        return Layouts.module(name, List.of(), role, kind, block, weight, shape, type);
    }
}
