package old;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Uses}. */
@SuppressWarnings("removal")
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class UsesLora {
    private UsesLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Uses model) {
        return LoraModel.wrap(model, UsesLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .child("old", OldLora.describe())
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Uses model, ModuleVisitor visitor) {
        visitor.child("old", model.old, Old.class, OldLora::visit);
    }
}
