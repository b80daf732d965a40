package dev.ligature.models.bert;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.inject.ModelDescription;
import dev.ligature.inject.ModuleWalker.ModelWalk;
import dev.ligature.models.ModelTask;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.encoder.EncoderFamily;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * BERT, and what is built on it: MiniLM, E5, BGE. Each class of Transformers is a family.
 *
 * @param <M> the class of the models
 */
public abstract class BertFamilies<M extends Block> extends EncoderFamily<M> {
    private static final String PREFIX = "bert.";
    private static final String DECODER_BIAS = "cls.predictions.decoder.bias";
    private static final String HEAD_BIAS = "cls.predictions.bias";

    private final Constructor<M> constructor;

    /** Creates a model of a configuration and a directory. */
    @FunctionalInterface
    private interface Constructor<M> {
        M create(BertConfig config, Path directory) throws IOException;
    }

    private BertFamilies(
            String architecture,
            ModelTask task,
            Constructor<M> constructor,
            ModelWalk<M> visit,
            ModelDescription description) {
        super("bert", architecture, task, visit, description);
        this.constructor = constructor;
    }

    @Override
    protected final M create(ConfigFields fields, Path directory) throws IOException {
        return constructor.create(BertConfig.read(fields), directory);
    }

    @Override
    protected final String prefix() {
        return PREFIX;
    }

    /** Returns the prefix as others have it, the other name of the bias, and old names of norms. */
    @Override
    public final List<String> otherNames(String tensor) {
        if (tensor.equals(DECODER_BIAS)) {
            return List.of(HEAD_BIAS);
        }
        List<String> names = super.otherNames(tensor);
        for (String name : List.of(tensor, names.get(0))) {
            if (name.endsWith("LayerNorm.weight")) {
                names.add(name.replace("LayerNorm.weight", "LayerNorm.gamma"));
            } else if (name.endsWith("LayerNorm.bias")) {
                names.add(name.replace("LayerNorm.bias", "LayerNorm.beta"));
            }
        }
        return names;
    }

    /**
     * Returns what checkpoints hold for heads that were trained with this one, or beside weights.
     */
    @Override
    public List<String> ignoredTensors() {
        return List.of(
                "*embeddings.position_ids", "bert.pooler.*", "pooler.*", "cls.seq_relationship.*");
    }

    /** BERT without a head. */
    public static final class Embedding extends BertFamilies<BertModel> {
        /** Called by the service loader. */
        public Embedding() {
            super(
                    "BertModel",
                    ModelTask.FEATURE_EXTRACTION,
                    (config, directory) -> new BertModel(config, hasPooler(directory)),
                    BertModelLora::visit,
                    BertModelLora.describe());
        }

        /** A model without the pooler's weights has none; the hidden states do not depend on it. */
        private static boolean hasPooler(Path directory) throws IOException {
            try (BaseCheckpoint checkpoint = BaseCheckpoint.open(directory)) {
                return checkpoint.tensorNames().stream()
                        .anyMatch(name -> name.endsWith("pooler.dense.weight"));
            } catch (CheckpointException e) {
                return true; // no weights, or none that can be read, which shows when they are
            }
        }
    }

    /** BERT that predicts masked tokens. */
    public static final class MaskedLM extends BertFamilies<BertForMaskedLM> {
        /** Called by the service loader. */
        public MaskedLM() {
            super(
                    "BertForMaskedLM",
                    ModelTask.MASKED_LM,
                    (config, directory) -> new BertForMaskedLM(config),
                    BertForMaskedLMLora::visit,
                    BertForMaskedLMLora.describe());
        }

        /** Of two biases of the head that differ, Transformers adds that of the decoder. */
        @Override
        public void load(
                BertForMaskedLM model,
                BaseCheckpoint checkpoint,
                NDManager manager,
                LoadOptions options)
                throws IOException {
            boolean chosen = options.prefers(HEAD_BIAS);
            super.load(
                    model,
                    checkpoint,
                    manager,
                    chosen ? options : options.preferCopyOf(DECODER_BIAS));
        }
    }

    /** BERT that classifies texts. */
    public static final class SequenceClassification
            extends BertFamilies<BertForSequenceClassification> {
        /** Called by the service loader. */
        public SequenceClassification() {
            super(
                    "BertForSequenceClassification",
                    ModelTask.SEQ_CLS,
                    (config, directory) -> new BertForSequenceClassification(config),
                    BertForSequenceClassificationLora::visit,
                    BertForSequenceClassificationLora.describe());
        }
    }

    /** BERT that classifies tokens. */
    public static final class TokenClassification extends BertFamilies<BertForTokenClassification> {
        /** Called by the service loader. */
        public TokenClassification() {
            super(
                    "BertForTokenClassification",
                    ModelTask.TOKEN_CLS,
                    (config, directory) -> new BertForTokenClassification(config),
                    BertForTokenClassificationLora::visit,
                    BertForTokenClassificationLora.describe());
        }
    }
}
