package attn;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Concrete.Wide}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class Concrete_WideLora {
    /** The module {@code v}. */
    public static final String V = "v";

    private Concrete_WideLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Concrete.Wide model) {
        return LoraModel.wrap(model, Concrete_WideLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .include(ConcreteLora.describe())
                .module("v", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Concrete.Wide model, ModuleVisitor visitor) {
        ConcreteLora.visit(model, visitor);
        model.v = visitor.module("v", Role.MODULE, model.v);
    }
}
