package same;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link MixerGate.Only}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class MixerGate_OnlyLora {
    /** The module {@code gate}. */
    public static final String GATE = "gate";

    private MixerGate_OnlyLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(MixerGate.Only model) {
        return LoraModel.wrap(model, MixerGate_OnlyLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("gate", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(MixerGate.Only model, ModuleVisitor visitor) {
        model.gate = visitor.module("gate", Role.MODULE, model.gate);
    }
}
