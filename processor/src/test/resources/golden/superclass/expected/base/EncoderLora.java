package base;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Encoder}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
public final class EncoderLora {
    /** The module {@code word_embeddings}. */
    public static final String WORD_EMBEDDINGS = "word_embeddings";

    /** The module {@code pooler}. */
    public static final String POOLER = "pooler";

    private EncoderLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Encoder model) {
        return LoraModel.wrap(model, EncoderLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("word_embeddings", Role.INPUT_EMBEDDING)
                .module("pooler", Role.MODULE)
                .build();
    }

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Encoder model, ModuleVisitor visitor) {
        model.wordEmbeddings = visitor.module("word_embeddings", Role.INPUT_EMBEDDING,
                model.wordEmbeddings);
        model.pooler = visitor.module("pooler", Role.MODULE, model.pooler);
    }
}
