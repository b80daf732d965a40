package moe;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Expert}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class ExpertLora {
    /** The module {@code w-1}. */
    public static final String W_1 = "w-1";

    /** The module {@code w2}. */
    public static final String W2 = "w2";

    private ExpertLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Expert model) {
        return LoraModel.wrap(model, ExpertLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("w-1", Role.MODULE)
                .module("w2", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Expert model, ModuleVisitor visitor) {
        model.in = visitor.module("w-1", Role.MODULE, model.in);
        model.out = visitor.module("w2", Role.MODULE, model.out);
    }
}
