package dev.ligature.models.modernbert;

import ai.djl.nn.Block;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.models.ModelTask;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.encoder.EncoderFamily;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * ModernBERT. Each class of Transformers is a family.
 *
 * @param <M> the class of the models
 */
public abstract class ModernBertFamilies<M extends Block> extends EncoderFamily<M> {
    private final Function<ModernBertConfig, M> constructor;

    private ModernBertFamilies(
            String architecture,
            ModelTask task,
            Function<ModernBertConfig, M> constructor,
            ModelWalk<M> visit,
            ModelDescription description) {
        super("modernbert", architecture, task, visit, description);
        this.constructor = constructor;
    }

    @Override
    protected final M create(ConfigFields fields, Path directory) throws CheckpointException {
        return constructor.apply(ModernBertConfig.read(fields));
    }

    @Override
    protected final String prefix() {
        return "model.";
    }

    /** ModernBERT without a head. */
    public static final class Embedding extends ModernBertFamilies<ModernBertModel> {
        /** Called by the service loader. */
        public Embedding() {
            super(
                    "ModernBertModel",
                    ModelTask.FEATURE_EXTRACTION,
                    ModernBertModel::new,
                    ModernBertModelLora::visit,
                    ModernBertModelLora.describe());
        }
    }

    /** ModernBERT that predicts masked tokens. */
    public static final class MaskedLM extends ModernBertFamilies<ModernBertForMaskedLM> {
        /** Called by the service loader. */
        public MaskedLM() {
            super(
                    "ModernBertForMaskedLM",
                    ModelTask.MASKED_LM,
                    ModernBertForMaskedLM::new,
                    ModernBertForMaskedLMLora::visit,
                    ModernBertForMaskedLMLora.describe());
        }
    }

    /** ModernBERT that classifies texts. */
    public static final class SequenceClassification
            extends ModernBertFamilies<ModernBertForSequenceClassification> {
        /** Called by the service loader. */
        public SequenceClassification() {
            super(
                    "ModernBertForSequenceClassification",
                    ModelTask.SEQ_CLS,
                    ModernBertForSequenceClassification::new,
                    ModernBertForSequenceClassificationLora::visit,
                    ModernBertForSequenceClassificationLora.describe());
        }
    }

    /** ModernBERT that classifies tokens. */
    public static final class TokenClassification
            extends ModernBertFamilies<ModernBertForTokenClassification> {
        /** Called by the service loader. */
        public TokenClassification() {
            super(
                    "ModernBertForTokenClassification",
                    ModelTask.TOKEN_CLS,
                    ModernBertForTokenClassification::new,
                    ModernBertForTokenClassificationLora::visit,
                    ModernBertForTokenClassificationLora.describe());
        }
    }
}
