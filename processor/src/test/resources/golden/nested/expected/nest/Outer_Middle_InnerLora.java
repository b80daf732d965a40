package nest;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Outer.Middle.Inner}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class Outer_Middle_InnerLora {
    /** The module {@code w}. */
    public static final String W = "w";

    private Outer_Middle_InnerLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Outer.Middle.Inner model) {
        return LoraModel.wrap(model, Outer_Middle_InnerLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("w", Role.MODULE)
                .child("hidden", Outer_Middle_HiddenLora.describe())
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Outer.Middle.Inner model, ModuleVisitor visitor) {
        model.w = visitor.module("w", Role.MODULE, model.w);
        visitor.child("hidden", model.hidden, Outer_Middle_HiddenLora::visit);
    }
}
