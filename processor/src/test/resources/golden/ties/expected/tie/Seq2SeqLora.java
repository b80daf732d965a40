package tie;

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

/** Binds the modules of {@link Seq2Seq}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 2)
public final class Seq2SeqLora {
    /** The module {@code lm_head}. */
    public static final String LM_HEAD = "lm_head";

    /** The module {@code aux}. */
    public static final String AUX = "aux";

    /** The module {@code other}. */
    public static final String OTHER = "other";

    /** The module {@code by_config}. */
    public static final String BY_CONFIG = "by_config";

    /** Has no instances. */
    private Seq2SeqLora() {}

    /**
     * Initialises a model with the weights of a Hugging Face directory, and freezes it.
     *
     * @param directory the directory, with {@code model.safetensors} or its shards
     * @param model the model, not yet initialised
     * @param manager the owner of the arrays
     * @param inputShapes the shapes to initialise with; if none, (1, 1): one token
     * @throws IOException if the files are missing, damaged or not of this model
     */
    public static void load(Path directory, Seq2Seq model, NDManager manager, Shape... inputShapes)
            throws IOException {
        BaseCheckpoint.load(directory, model, Seq2SeqLora::visit, manager, inputShapes);
    }

    /**
     * Gives tied modules weights of their own, before the model is wrapped.
     *
     * @param model the model, initialised and not wrapped
     * @param modules the modules, by full names or what they end with
     */
    public static void untie(Seq2Seq model, String... modules) {
        LoraModel.untieBase(model, Seq2SeqLora::visit, modules);
    }

    /**
     * Wraps a model, so that adapters can be added to its modules.
     *
     * @param model the model, initialised
     * @return the wrapped model
     */
    public static LoraModel wrap(Seq2Seq model) {
        return LoraModel.wrap(model, Seq2SeqLora::visit);
    }

    /**
     * Describes the modules, roles and ties, without weights.
     *
     * @return the description
     */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .child("encoder", EncoderLora.describe())
                .child("decoder", DecoderLora.describe())
                .module("lm_head", Role.MODULE)
                .module("aux", Role.MODULE)
                .module("other", Role.MODULE)
                .module("by_config", Role.MODULE)
                .tie("decoder.embed", "encoder.embed", "")
                .tie("lm_head", "encoder.embed", "tied")
                .tie("aux", "encoder.embed", "tied")
                .tie("other", "encoder.embed", "shared")
                .tie("other", "lm_head", "own")
                .tie("by_config", "aux", "config.tied")
                .tie("by_config", "encoder.embed", "config.inner.own")
                .build();
    }

    /**
     * For generated code: shows each module to a walker, and puts what it returns in place.
     *
     * @param model the model
     * @param walker the walker, scoped to the model's own path
     */
    public static void visit(Seq2Seq model, ModuleWalker walker) {
        walker.child("encoder", model.encoder, EncoderLora::visit);
        walker.child("decoder", model.decoder, DecoderLora::visit);
        model.lmHead = walker.module("lm_head", Role.MODULE, model.lmHead);
        model.aux = walker.module("aux", Role.MODULE, model.aux);
        model.other = walker.module("other", Role.MODULE, model.other);
        model.byConfig = walker.module("by_config", Role.MODULE, model.byConfig);
        walker.tie("decoder.embed", "encoder.embed");
        if (model.tied) {
            walker.tie("lm_head", "encoder.embed");
            walker.tie("aux", "encoder.embed");
        }
        if (model.shared()) {
            walker.tie("other", "encoder.embed");
        }
        if (model.own) {
            walker.tie("other", "lm_head");
        }
        if (model.config.tied()) {
            walker.tie("by_config", "aux");
        }
        if (model.config.inner().own()) {
            walker.tie("by_config", "encoder.embed");
        }
    }
}
