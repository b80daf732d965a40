package dev.ligature.models.modernbert;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.LoraChild;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.annotation.Role;
import dev.ligature.models.block.Linears;
import dev.ligature.models.encoder.EncoderInputs;
import org.jspecify.annotations.Nullable;

/**
 * ModernBERT with a classifier of tokens, as Transformers' {@code ModernBertForTokenClassification}
 * computes it.
 *
 * <p>Inputs are those of {@link EncoderInputs} without token types; the output is logits {@code (B,
 * T, labels)}, which belong to the manager of the token ids.
 */
public final class ModernBertForTokenClassification extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraChild("model")
    final ModernBertModel model;

    @LoraChild("head")
    final ModernBertHead head;

    @LoraTarget(value = "classifier", role = Role.OUTPUT_HEAD)
    Block classifier;

    private final ModernBertConfig config;

    /**
     * Creates a model without weights.
     *
     * @param config its sizes
     */
    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    public ModernBertForTokenClassification(ModernBertConfig config) {
        super(VERSION);
        this.config = config;
        model = addChildBlock("model", new ModernBertModel(config));
        head = addChildBlock("head", new ModernBertHead(config));
        classifier = addChildBlock("classifier", Linears.of(config.numLabels(), true));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList hidden = model.forward(parameterStore, inputs, training, params); // (B, T, d)
        NDManager caller = hidden.singletonOrThrow().getManager();
        try (NDManager scope = caller.newSubManager()) {
            hidden.attach(scope);
            NDList features = head.forward(parameterStore, hidden, training, params);
            NDList logits = classifier.forward(parameterStore, features, training, params);
            logits.attach(caller); // (B, T, labels)
            return logits;
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(config.numLabels())};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape hidden = inputShapes[0].add(config.hiddenSize()); // (B, T, d)
        model.initialize(manager, dataType, inputShapes);
        head.initialize(manager, dataType, hidden);
        classifier.initialize(manager, dataType, hidden);
    }
}
