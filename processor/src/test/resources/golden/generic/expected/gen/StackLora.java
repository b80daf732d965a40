package gen;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Stack}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class StackLora {
    /** The module {@code in}. */
    public static final String IN = "in";

    private StackLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Stack<?, ?> model) {
        return LoraModel.wrap(model, StackLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("in", Role.MODULE)
                .children("layers", LayerLora.describe())
                .child("first", LayerLora.describe())
                .children("array", LayerLora.describe())
                .child("one", LayerLora.describe())
                .children("map", LayerLora.describe())
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Stack<?, ?> model, ModuleVisitor visitor) {
        model.input = visitor.module("in", Role.MODULE, model.input);
        visitor.children("layers", model.layers, Layer.class, LayerLora::visit);
        visitor.child("first", model.first, Layer.class, LayerLora::visit);
        visitor.children("array", model.array, Layer.class, LayerLora::visit);
        visitor.child("one", model.one, Layer.class, LayerLora::visit);
        visitor.children("map", model.map, Layer.class, LayerLora::visit);
    }
}
