package dev.ligature.models.bert;

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
import dev.ligature.models.block.Linears;
import dev.ligature.models.encoder.EncoderInputs;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * BERT without a head, as Transformers' {@code BertModel} computes it: an embedding model.
 *
 * <p>The inputs are those of {@link EncoderInputs}. Positions are counted by the attention mask, so
 * that a row gives the same wherever its padding is; Transformers counts padding on the left too,
 * unless it is given {@code position_ids}.
 *
 * <p>Outputs: the last hidden state {@code (B, T, d)}, and if the model has a pooler, what it makes
 * of the first token, {@code (B, d)}. They belong to the manager of the token ids.
 */
public final class BertModel extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraChild("embeddings")
    final BertEmbeddings embeddings;

    @LoraChild("encoder.layer")
    final List<BertLayer> layers;

    @LoraTarget("pooler.dense")
    @Nullable Block pooler;

    private final BertConfig config;

    /**
     * Creates a model without weights.
     *
     * @param config its sizes
     * @param pooling whether it has a pooler
     */
    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    public BertModel(BertConfig config, boolean pooling) {
        super(VERSION);
        this.config = config;
        embeddings = addChildBlock("embeddings", new BertEmbeddings(config));
        List<BertLayer> built = new ArrayList<>();
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            built.add(addChildBlock("layer_" + i, new BertLayer(config)));
        }
        layers = List.copyOf(built);
        pooler = pooling ? addChildBlock("pooler", Linears.of(config.hiddenSize(), true)) : null;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        EncoderInputs in = EncoderInputs.of(inputs, config.maxPositionEmbeddings());
        NDManager caller = in.ids().getManager();
        try (NDManager scope = caller.newSubManager()) {
            NDArray mask = in.attentionMask(scope); // (B, T), or null
            NDList shared = shared(scope, mask);
            NDList looked = new NDList(in.ids(), in.typesOrZero(scope), in.positions(scope, mask));
            NDArray x =
                    embeddings
                            .forward(parameterStore, looked, training, params)
                            .singletonOrThrow(); // (B, T) -> (B, T, d)
            for (BertLayer layer : layers) {
                // What a layer computes on the way is freed behind it: memory that is used again
                // is faster than memory that is new.
                try (NDManager layerScope = scope.newSubManager()) {
                    x.attach(layerScope);
                    NDList layerInputs = new NDList(x).addAll(shared);
                    x =
                            layer.forward(parameterStore, layerInputs, training, params)
                                    .singletonOrThrow(); // (B, T, d)
                    x.attach(scope);
                }
            }
            NDList outputs = new NDList(x);
            if (pooler != null) {
                NDArray first = EncoderInputs.first(x, mask); // (B, T, d) -> (B, d)
                outputs.add(
                        pooler.forward(parameterStore, new NDList(first), training, params)
                                .singletonOrThrow()
                                .tanh()); // (B, d)
            }
            outputs.attach(caller);
            return outputs;
        }
    }

    /** Returns what all layers need. */
    private NDList shared(NDManager scope, @Nullable NDArray attentionMask) {
        float scale = (float) (1 / Math.sqrt(config.headSize()));
        NDList shared = new NDList(scope.full(new Shape(), scale, DataType.FLOAT32));
        NDArray added = EncoderInputs.added(scope, attentionMask);
        if (added != null) {
            shared.add(added);
        }
        return shared;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape ids = inputShapes[0]; // (B, T)
        Shape hidden = ids.add(config.hiddenSize());
        return pooler == null
                ? new Shape[] {hidden}
                : new Shape[] {hidden, new Shape(ids.get(0), config.hiddenSize())};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape ids = inputShapes[0]; // (B, T)
        Shape hidden = ids.add(config.hiddenSize());
        embeddings.initialize(manager, dataType, ids, ids, ids);
        for (BertLayer layer : layers) {
            layer.initialize(manager, dataType, hidden, new Shape());
        }
        if (pooler != null) {
            pooler.initialize(manager, dataType, new Shape(ids.get(0), config.hiddenSize()));
        }
    }
}
