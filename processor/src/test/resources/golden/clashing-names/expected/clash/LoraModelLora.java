package clash;

import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link LoraModel}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class LoraModelLora {
    /** The module {@code visitor}. */
    public static final String VISITOR = "visitor";

    /** The module {@code model}. */
    public static final String MODEL = "model";

    private LoraModelLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static dev.ligature.LoraModel wrap(LoraModel model) {
        return dev.ligature.LoraModel.wrap(model, LoraModelLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("visitor", Role.MODULE)
                .module("model", Role.MODULE)
                .child("role", RoleLora.describe())
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(LoraModel model, ModuleVisitor visitor) {
        model.visitor = visitor.module("visitor", Role.MODULE, model.visitor);
        model.model = visitor.module("model", Role.MODULE, model.model);
        visitor.child("role", model.role, RoleLora::visit);
    }
}
