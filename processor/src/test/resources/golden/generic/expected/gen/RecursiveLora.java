package gen;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Recursive}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class RecursiveLora {
    private RecursiveLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Recursive<?> model) {
        return LoraModel.wrap(model, RecursiveLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .include(LayerLora.describe())
                .child("stack", StackLora.describe())
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Recursive<?> model, ModuleVisitor visitor) {
        LayerLora.visit(model, visitor);
        visitor.child("stack", model.stack, Stack.class, StackLora::visit);
    }
}
