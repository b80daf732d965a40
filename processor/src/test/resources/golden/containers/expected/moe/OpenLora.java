package moe;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Open}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class OpenLora {
    /** The module {@code w}. */
    public static final String W = "w";

    private OpenLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Open model) {
        return LoraModel.wrap(model, OpenLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("w", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Open model, ModuleVisitor visitor) {
        model.w = visitor.module("w", Role.MODULE, model.w);
    }
}
