package tie;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Encoder}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
final class EncoderLora {
    /** The module {@code embed}. */
    public static final String EMBED = "embed";

    /** The module {@code copy}. */
    public static final String COPY = "copy";

    private EncoderLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Encoder model) {
        return LoraModel.wrap(model, EncoderLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("embed", Role.MODULE)
                .module("copy", Role.MODULE)
                .tie("copy", "embed", "")
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Encoder model, ModuleVisitor visitor) {
        model.embed = visitor.module("embed", Role.MODULE, model.embed);
        model.copy = visitor.module("copy", Role.MODULE, model.copy);
        visitor.tie("copy", "embed");
    }
}
