import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Root}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class RootLora {
    /** The module {@code w}. */
    public static final String W = "w";

    private RootLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Root model) {
        return LoraModel.wrap(model, RootLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("w", Role.MODULE)
                .child("leaf", LeafLora.describe())
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Root model, ModuleVisitor visitor) {
        model.w = visitor.module("w", Role.MODULE, model.w);
        visitor.child("leaf", model.leaf, LeafLora::visit);
    }
}
