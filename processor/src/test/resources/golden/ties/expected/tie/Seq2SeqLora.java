package tie;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Seq2Seq}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class Seq2SeqLora {
    /** The module {@code lm_head}. */
    public static final String LM_HEAD = "lm_head";

    /** The module {@code aux}. */
    public static final String AUX = "aux";

    /** The module {@code other}. */
    public static final String OTHER = "other";

    private Seq2SeqLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Seq2Seq model) {
        return LoraModel.wrap(model, Seq2SeqLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .child("encoder", EncoderLora.describe())
                .child("decoder", DecoderLora.describe())
                .module("lm_head", Role.MODULE)
                .module("aux", Role.MODULE)
                .module("other", Role.MODULE)
                .tie("decoder.embed", "encoder.embed", "")
                .tie("lm_head", "encoder.embed", "tied")
                .tie("aux", "encoder.embed", "tied")
                .tie("other", "encoder.embed", "shared")
                .tie("other", "lm_head", "own")
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Seq2Seq model, ModuleVisitor visitor) {
        visitor.child("encoder", model.encoder, EncoderLora::visit);
        visitor.child("decoder", model.decoder, DecoderLora::visit);
        model.lmHead = visitor.module("lm_head", Role.MODULE, model.lmHead);
        model.aux = visitor.module("aux", Role.MODULE, model.aux);
        model.other = visitor.module("other", Role.MODULE, model.other);
        visitor.tie("decoder.embed", "encoder.embed");
        if (model.tied) {
            visitor.tie("lm_head", "encoder.embed");
            visitor.tie("aux", "encoder.embed");
        }
        if (model.shared()) {
            visitor.tie("other", "encoder.embed");
        }
        if (model.own) {
            visitor.tie("other", "lm_head");
        }
    }
}
