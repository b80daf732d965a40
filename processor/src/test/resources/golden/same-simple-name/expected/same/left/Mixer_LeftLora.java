package same.left;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Mixer.Left}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class Mixer_LeftLora {
    /** The module {@code up}. */
    public static final String UP = "up";

    private Mixer_LeftLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Mixer.Left model) {
        return LoraModel.wrap(model, Mixer_LeftLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("up", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Mixer.Left model, ModuleVisitor visitor) {
        model.up = visitor.module("up", Role.MODULE, model.up);
    }
}
