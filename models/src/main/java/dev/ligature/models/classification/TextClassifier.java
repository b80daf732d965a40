package dev.ligature.models.classification;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.models.ModelTask;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.block.ConfigFields;
import dev.ligature.models.encoder.EncoderInputs;
import dev.ligature.models.internal.ModelMessage;
import dev.ligature.models.text.TokenizedText;
import java.io.IOException;
import java.util.List;

/**
 * Classifies texts, or pairs of texts.
 *
 * <pre>{@code
 * try (PretrainedModel model = PretrainedModel.load(directory)) {
 *     TextClassifier classifier = TextClassifier.of(model, Routing.none());
 *     NDArray logits = classifier.logits(List.of(model.tokenizer().tokenize("a text")), manager);
 *     String label = classifier.labels().likeliest(logits.toFloatArray());
 * }
 * }</pre>
 */
public final class TextClassifier {
    private final PretrainedModel model;
    private final ClassLabels labels;
    private final boolean hasTypes;
    private final int maxTokens;
    private final Block block;

    private TextClassifier(
            PretrainedModel model,
            ClassLabels labels,
            boolean hasTypes,
            int maxTokens,
            Block block) {
        this.model = model;
        this.labels = labels;
        this.hasTypes = hasTypes;
        this.maxTokens = maxTokens;
        this.block = block;
    }

    /**
     * Returns what classifies texts by a model.
     *
     * @param model a classifier of texts
     * @param routing the adapters that it goes through: of rows, as many as texts are classified at
     *     once
     * @throws LoraException if the model is of another kind
     * @throws IOException if config.json names labels in a way that is not known
     */
    public static TextClassifier of(PretrainedModel model, Routing routing) throws IOException {
        if (model.task() != ModelTask.SEQ_CLS) {
            throw ModelMessage.NOT_CLASSIFIER.error(model.directory(), model.task().title());
        }
        return new TextClassifier(
                model,
                ClassLabels.read(model.directory()),
                EncoderInputs.hasTypes(model),
                ConfigFields.ofModel(model.directory())
                        .integer("max_position_embeddings")
                        .orElse(Integer.MAX_VALUE), // the model refuses what is too long
                model.lora().routed(routing));
    }

    /**
     * Returns what classifies texts by the same model through other adapters.
     *
     * @param routing the adapters: of rows, as many as texts are classified at once
     */
    public TextClassifier through(Routing routing) {
        return new TextClassifier(model, labels, hasTypes, maxTokens, model.lora().routed(routing));
    }

    /** Returns the labels, and what the logits mean. */
    public ClassLabels labels() {
        return labels;
    }

    /** Returns the most tokens of a text, with those that the tokenizer puts around it. */
    public int maxTokens() {
        return maxTokens;
    }

    /**
     * Returns the logits of texts, {@code (B, labels)} fp32, which belong to the manager.
     *
     * @param texts the texts, one at least
     * @param manager the owner of the logits
     */
    public NDArray logits(List<TokenizedText> texts, NDManager manager) {
        try (NDManager scope = manager.newSubManager()) {
            NDArray logits =
                    block.forward(
                                    new ParameterStore(scope, false),
                                    EncoderInputs.padded(texts, hasTypes, scope),
                                    false)
                            .get(0)
                            .toType(DataType.FLOAT32, false); // (B, labels)
            logits.attach(manager);
            return logits;
        }
    }
}
