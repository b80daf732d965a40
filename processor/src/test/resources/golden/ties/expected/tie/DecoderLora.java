package tie;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Decoder}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class DecoderLora {
    /** The module {@code embed}. */
    public static final String EMBED = "embed";

    private DecoderLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Decoder model) {
        return LoraModel.wrap(model, DecoderLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("embed", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Decoder model, ModuleVisitor visitor) {
        model.embed = visitor.module("embed", Role.MODULE, model.embed);
    }
}
