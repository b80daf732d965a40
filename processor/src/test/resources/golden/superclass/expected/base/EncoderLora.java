package base;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker;
import java.io.IOException;
import java.nio.file.Path;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Encoder}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 2)
public final class EncoderLora {
    /** The module {@code word_embeddings}. */
    public static final String WORD_EMBEDDINGS = "word_embeddings";

    /** The module {@code pooler}. */
    public static final String POOLER = "pooler";

    /** Has no instances. */
    private EncoderLora() {}

    /**
     * Initialises a model with the weights of a Hugging Face directory, and freezes it.
     *
     * @param directory the directory, with {@code model.safetensors} or its shards
     * @param model the model, not yet initialised
     * @param manager the owner of the arrays
     * @param inputShapes the shapes to initialise with; if none, (1, 1): one token
     * @throws IOException if the files are missing, damaged or not of this model
     */
    public static void load(Path directory, Encoder model, NDManager manager, Shape... inputShapes)
            throws IOException {
        BaseCheckpoint.load(directory, model, EncoderLora::visit, manager, inputShapes);
    }

    /**
     * Gives tied modules weights of their own, before the model is wrapped.
     *
     * @param model the model, initialised and not wrapped
     * @param modules the modules, by full names or what they end with
     */
    public static void untie(Encoder model, String... modules) {
        LoraModel.untieBase(model, EncoderLora::visit, modules);
    }

    /**
     * Wraps a model, so that adapters can be added to its modules.
     *
     * @param model the model, initialised
     * @return the wrapped model
     */
    public static LoraModel wrap(Encoder model) {
        return LoraModel.wrap(model, EncoderLora::visit);
    }

    /**
     * Describes the modules, roles and ties, without weights.
     *
     * @return the description
     */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("word_embeddings", Role.INPUT_EMBEDDING)
                .module("pooler", Role.MODULE)
                .build();
    }

    /**
     * For generated code: shows each module to a walker, and puts what it returns in place.
     *
     * @param model the model
     * @param walker the walker, scoped to the model's own path
     */
    public static void visit(Encoder model, ModuleWalker walker) {
        model.wordEmbeddings = walker.module("word_embeddings", Role.INPUT_EMBEDDING,
                model.wordEmbeddings);
        model.pooler = walker.module("pooler", Role.MODULE, model.pooler);
    }
}
