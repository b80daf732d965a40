package dollar;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Dollar}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class DollarLora {
    private DollarLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Dollar model) {
        return LoraModel.wrap(model, DollarLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .child("inner", Dollar_In$nerLora.describe())
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Dollar model, ModuleVisitor visitor) {
        visitor.child("inner", model.inner, Dollar_In$nerLora::visit);
    }
}
