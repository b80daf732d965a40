package model;

import base.EncoderLora;
import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Bert}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class BertLora {
    /** The module {@code decoder}. */
    public static final String DECODER = "decoder";

    /** The module {@code dense}. */
    public static final String DENSE = "dense";

    private BertLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Bert model) {
        return LoraModel.wrap(model, BertLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .include(EncoderLora.describe())
                .module("decoder", Role.OUTPUT_HEAD)
                .module("dense", Role.MODULE)
                .tie("decoder", "word_embeddings", "isTied")
                .tie("dense", "pooler", "near")
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Bert model, ModuleVisitor visitor) {
        EncoderLora.visit(model, visitor);
        model.decoder = visitor.module("decoder", Role.OUTPUT_HEAD, model.decoder);
        model.dense = visitor.module("dense", Role.MODULE, model.dense);
        if (model.isTied()) {
            visitor.tie("decoder", "word_embeddings");
        }
        if (model.near()) {
            visitor.tie("dense", "pooler");
        }
    }
}
