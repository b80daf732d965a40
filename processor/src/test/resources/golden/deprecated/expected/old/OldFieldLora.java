package old;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link OldField}. */
@SuppressWarnings("deprecation")
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class OldFieldLora {
    /** The module {@code w}. */
    public static final String W = "w";

    private OldFieldLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(OldField model) {
        return LoraModel.wrap(model, OldFieldLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("w", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(OldField model, ModuleVisitor visitor) {
        model.w = visitor.module("w", Role.MODULE, model.w);
    }
}
