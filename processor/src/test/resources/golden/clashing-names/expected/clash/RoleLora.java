package clash;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Role}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class RoleLora {
    /** The module {@code w}. */
    public static final String W = "w";

    private RoleLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Role model) {
        return LoraModel.wrap(model, RoleLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("w", dev.ligature.annotation.Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Role model, ModuleVisitor visitor) {
        model.w = visitor.module("w", dev.ligature.annotation.Role.MODULE, model.w);
    }
}
