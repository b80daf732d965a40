package llama;

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

/** Binds the modules of {@link LlamaModel}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 2)
public final class LlamaModelLora {
    /** The module {@code embed_tokens}. */
    public static final String EMBED_TOKENS = "embed_tokens";

    /** The module {@code norm}. */
    public static final String NORM = "norm";

    /** Has no instances. */
    private LlamaModelLora() {}

    /**
     * Initialises a model with the weights of a Hugging Face directory, and freezes it.
     *
     * @param directory the directory, with {@code model.safetensors} or its shards
     * @param model the model, not yet initialised
     * @param manager the owner of the arrays
     * @param inputShapes the shapes to initialise with; if none, (1, 1): one token
     * @throws IOException if the files are missing, damaged or not of this model
     */
    public static void load(Path directory, LlamaModel model, NDManager manager,
            Shape... inputShapes) throws IOException {
        BaseCheckpoint.load(directory, model, LlamaModelLora::visit, manager, inputShapes);
    }

    /**
     * Gives tied modules weights of their own, before the model is wrapped.
     *
     * @param model the model, initialised and not wrapped
     * @param modules the modules, by full names or what they end with
     */
    public static void untie(LlamaModel model, String... modules) {
        LoraModel.untieBase(model, LlamaModelLora::visit, modules);
    }

    /**
     * Wraps a model, so that adapters can be added to its modules.
     *
     * @param model the model, initialised
     * @return the wrapped model
     */
    public static LoraModel wrap(LlamaModel model) {
        return LoraModel.wrap(model, LlamaModelLora::visit);
    }

    /**
     * Describes the modules, roles and ties, without weights.
     *
     * @return the description
     */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("embed_tokens", Role.INPUT_EMBEDDING)
                .children("layers", LlamaDecoderLayerLora.describe())
                .module("norm", Role.MODULE)
                .build();
    }

    /**
     * For generated code: shows each module to a walker, and puts what it returns in place.
     *
     * @param model the model
     * @param walker the walker, scoped to the model's own path
     */
    public static void visit(LlamaModel model, ModuleWalker walker) {
        model.embedTokens = walker.module("embed_tokens", Role.INPUT_EMBEDDING, model.embedTokens);
        walker.children("layers", model.layers, LlamaDecoderLayerLora::visit);
        model.norm = walker.module("norm", Role.MODULE, model.norm);
    }
}
