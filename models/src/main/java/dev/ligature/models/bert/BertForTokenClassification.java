package dev.ligature.models.bert;

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
 * BERT with a classifier of tokens, as Transformers' {@code BertForTokenClassification} computes
 * it: a linear layer on the hidden state of each token.
 *
 * <p>Inputs are those of {@link EncoderInputs}; the output is logits {@code (B, T, labels)}, which
 * belong to the manager of the token ids.
 */
public final class BertForTokenClassification extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraChild("bert")
    final BertModel bert;

    @LoraTarget(value = "classifier", role = Role.OUTPUT_HEAD)
    Block classifier;

    private final BertConfig config;

    /**
     * Creates a model without weights.
     *
     * @param config its sizes
     */
    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    public BertForTokenClassification(BertConfig config) {
        super(VERSION);
        this.config = config;
        bert = addChildBlock("bert", new BertModel(config, false));
        classifier = addChildBlock("classifier", Linears.of(config.numLabels(), true));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList outputs = bert.forward(parameterStore, inputs, training, params);
        try (outputs) {
            NDList features = new NDList(outputs.get(0)); // (B, T, d)
            return classifier.forward(parameterStore, features, training, params); // (B, T, labels)
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(config.numLabels())};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        bert.initialize(manager, dataType, inputShapes);
        classifier.initialize(manager, dataType, inputShapes[0].add(config.hiddenSize()));
    }
}
