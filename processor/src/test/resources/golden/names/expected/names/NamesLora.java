package names;

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

/** Binds the modules of {@link Names}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 2)
final class NamesLora {
    /** The module {@code q_proj}. */
    public static final String Q_PROJ = "q_proj";

    /** The module {@code fc1_out}. */
    public static final String FC1_OUT = "fc1_out";

    /** The module {@code lm_head}. */
    public static final String LM_HEAD = "lm_head";

    /** The module {@code already_snake}. */
    public static final String ALREADY_SNAKE = "already_snake";

    /** The module {@code queryKeyValue}. */
    public static final String QUERY_KEY_VALUE = "queryKeyValue";

    /** The module {@code attention.self.query}. */
    public static final String ATTENTION_SELF_QUERY = "attention.self.query";

    /** The module {@code 0}. */
    public static final String _0 = "0";

    /** The module {@code a-b.c_d}. */
    public static final String A_B_C_D = "a-b.c_d";

    /** The module {@code class}. */
    public static final String CLASS = "class";

    /** Has no instances. */
    private NamesLora() {}

    /**
     * Initialises a model with the weights of a Hugging Face directory, and freezes it.
     *
     * @param directory the directory, with {@code model.safetensors} or its shards
     * @param model the model, not yet initialised
     * @param manager the owner of the arrays
     * @param inputShapes the shapes to initialise with; if none, (1, 1): one token
     * @throws IOException if the files are missing, damaged or not of this model
     */
    public static void load(Path directory, Names model, NDManager manager, Shape... inputShapes)
            throws IOException {
        BaseCheckpoint.load(directory, model, NamesLora::visit, manager, inputShapes);
    }

    /**
     * Gives tied modules weights of their own, before the model is wrapped.
     *
     * @param model the model, initialised and not wrapped
     * @param modules the modules, by full names or what they end with
     */
    public static void untie(Names model, String... modules) {
        LoraModel.untieBase(model, NamesLora::visit, modules);
    }

    /**
     * Wraps a model, so that adapters can be added to its modules.
     *
     * @param model the model, initialised
     * @return the wrapped model
     */
    public static LoraModel wrap(Names model) {
        return LoraModel.wrap(model, NamesLora::visit);
    }

    /**
     * Describes the modules, roles and ties, without weights.
     *
     * @return the description
     */
    public static ModelDescription describe() {
        return ModelDescription.builder()
                .module("q_proj", Role.MODULE)
                .module("fc1_out", Role.MODULE)
                .module("lm_head", Role.MODULE)
                .module("already_snake", Role.MODULE)
                .module("queryKeyValue", Role.MODULE)
                .module("attention.self.query", Role.MODULE)
                .module("0", Role.MODULE)
                .module("a-b.c_d", Role.MODULE)
                .module("class", Role.MODULE)
                .build();
    }

    /**
     * For generated code: shows each module to a walker, and puts what it returns in place.
     *
     * @param model the model
     * @param walker the walker, scoped to the model's own path
     */
    public static void visit(Names model, ModuleWalker walker) {
        model.qProj = walker.module("q_proj", Role.MODULE, model.qProj);
        model.fc1Out = walker.module("fc1_out", Role.MODULE, model.fc1Out);
        model.lmHEAD = walker.module("lm_head", Role.MODULE, model.lmHEAD);
        model.already_snake = walker.module("already_snake", Role.MODULE, model.already_snake);
        model.qkv = walker.module("queryKeyValue", Role.MODULE, model.qkv);
        model.query = walker.module("attention.self.query", Role.MODULE, model.query);
        model.first = walker.module("0", Role.MODULE, model.first);
        model.dashed = walker.module("a-b.c_d", Role.MODULE, model.dashed);
        model.keyword = walker.module("class", Role.MODULE, model.keyword);
    }
}
