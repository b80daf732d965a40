package old;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link OldSwitch}. */
@SuppressWarnings("deprecation")
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class OldSwitchLora {
    /** The module {@code v}. */
    public static final String V = "v";

    /** The module {@code w}. */
    public static final String W = "w";

    private OldSwitchLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(OldSwitch model) {
        return LoraModel.wrap(model, OldSwitchLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("v", Role.MODULE)
                .module("w", Role.MODULE)
                .tie("w", "v", "tied")
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(OldSwitch model, ModuleVisitor visitor) {
        model.v = visitor.module("v", Role.MODULE, model.v);
        model.w = visitor.module("w", Role.MODULE, model.w);
        if (model.tied) {
            visitor.tie("w", "v");
        }
    }
}
