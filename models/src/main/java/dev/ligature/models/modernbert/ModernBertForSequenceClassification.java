package dev.ligature.models.modernbert;

import ai.djl.ndarray.NDArray;
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
import dev.ligature.block.Cast;
import dev.ligature.models.block.Linears;
import dev.ligature.models.encoder.EncoderInputs;
import org.jspecify.annotations.Nullable;

/**
 * ModernBERT with a classifier of texts, as Transformers' {@code
 * ModernBertForSequenceClassification} computes it, on the first token or on the mean of all: the
 * {@code classifier_pooling} of config.json.
 *
 * <p>Inputs are those of {@link EncoderInputs} without token types; the output is logits {@code (B,
 * labels)}, which belong to the manager of the token ids.
 */
public final class ModernBertForSequenceClassification extends AbstractBlock {
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
    public ModernBertForSequenceClassification(ModernBertConfig config) {
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
            NDList pooled = new NDList(pooled(scope, inputs, hidden.get(0))); // (B, d)
            NDList features = head.forward(parameterStore, pooled, training, params);
            NDList logits = classifier.forward(parameterStore, features, training, params);
            logits.attach(caller); // (B, labels)
            return logits;
        }
    }

    private NDArray pooled(NDManager scope, NDList inputs, NDArray hidden) {
        NDArray mask =
                EncoderInputs.untyped(inputs, config.maxPositionEmbeddings()).attentionMask(scope);
        if (mask == null) {
            mask = scope.ones(inputs.get(0).getShape());
        }
        return Cast.to(config.classifierPooling().of(hidden, mask), hidden.getDataType());
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {new Shape(inputShapes[0].get(0), config.numLabels())};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape hidden = new Shape(inputShapes[0].get(0), config.hiddenSize()); // (B, d)
        model.initialize(manager, dataType, inputShapes);
        head.initialize(manager, dataType, hidden);
        classifier.initialize(manager, dataType, hidden);
    }
}
