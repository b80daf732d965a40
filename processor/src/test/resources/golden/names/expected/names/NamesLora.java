package names;

import dev.ligature.LoraModel;
import dev.ligature.annotation.LoraGenerated;
import dev.ligature.annotation.Role;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleVisitor;
import javax.annotation.processing.Generated;

/** Binds the modules of {@link Names}. */
@Generated("dev.ligature.processor.LoraProcessor")
@LoraGenerated(contract = 1)
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

    private NamesLora() {}

    /** Wraps a model, so that adapters can be added to its modules. */
    public static LoraModel wrap(Names model) {
        return LoraModel.wrap(model, NamesLora::visit);
    }

    /** Describes the modules, roles and ties, without weights. */
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

    /** Shows each module to a visitor, and puts what it returns in place. */
    public static void visit(Names model, ModuleVisitor visitor) {
        model.qProj = visitor.module("q_proj", Role.MODULE, model.qProj);
        model.fc1Out = visitor.module("fc1_out", Role.MODULE, model.fc1Out);
        model.lmHEAD = visitor.module("lm_head", Role.MODULE, model.lmHEAD);
        model.already_snake = visitor.module("already_snake", Role.MODULE, model.already_snake);
        model.qkv = visitor.module("queryKeyValue", Role.MODULE, model.qkv);
        model.query = visitor.module("attention.self.query", Role.MODULE, model.query);
        model.first = visitor.module("0", Role.MODULE, model.first);
        model.dashed = visitor.module("a-b.c_d", Role.MODULE, model.dashed);
        model.keyword = visitor.module("class", Role.MODULE, model.keyword);
    }
}
