package dollar;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Dollar.In$ner}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class Dollar_In$nerLora {
    /** The module {@code w}. */
    public static final String W = "w";

    private Dollar_In$nerLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Dollar.In$ner model) {
        return LoraModel.wrap(model, Dollar_In$nerLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("w", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Dollar.In$ner model, ModuleVisitor visitor) {
        model.$w = visitor.module("w", Role.MODULE, model.$w);
    }
}
