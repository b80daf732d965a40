package dev.ligature.benchmarks.bert;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.LoraChild;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.LoadOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * BERT without its pooler, as Transformers' {@code BertModel(config, add_pooling_layer=False)}
 * computes it where no token is padding.
 *
 * <ul>
 *   <li>input: ids {@code (B, T)}, int64
 *   <li>output: the last hidden state {@code (B, T, d)}; it belongs to the manager of the ids
 * </ul>
 */
public final class BertModel extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraChild("embeddings")
    final BertEmbeddings embeddings;

    @LoraChild("encoder.layer")
    final List<BertLayer> layers;

    private final BertConfig config;

    /**
     * Creates a model without weights.
     *
     * @param config its sizes
     */
    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    public BertModel(BertConfig config) {
        super(VERSION);
        this.config = config;
        embeddings = addChildBlock("embeddings", new BertEmbeddings(config));
        List<BertLayer> built = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            built.add(addChildBlock("layer_" + i, new BertLayer(config)));
        }
        layers = List.copyOf(built);
    }

    /**
     * Loads a model, frozen.
     *
     * @param directory a directory as Transformers writes it
     * @param manager the owner of the weights
     */
    public static BertModel load(Path directory, NDManager manager) throws IOException {
        BertModel model = new BertModel(BertConfig.read(directory));
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(directory)) {
            checkpoint.load(
                    model, BertModelLora::visit, manager, LoadOptions.defaults(), new Shape(1, 1));
        }
        return model;
    }

    /** Returns the model's sizes. */
    public BertConfig config() {
        return config;
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray ids = inputs.singletonOrThrow(); // (B, T)
        NDManager caller = ids.getManager();
        try (NDManager scope = caller.newSubManager()) {
            float size = (float) (1 / Math.sqrt(config.headSize()));
            NDArray scale = scope.full(new Shape(), size, DataType.FLOAT32);
            NDArray x =
                    embeddings
                            .forward(parameterStore, inputs, training, params)
                            .singletonOrThrow(); // (B, T) -> (B, T, d)
            for (BertLayer layer : layers) {
                // What a layer computes on the way is freed behind it: memory that is used again
                // is faster than memory that is new.
                try (NDManager layerScope = scope.newSubManager()) {
                    x.attach(layerScope);
                    x =
                            layer.forward(parameterStore, new NDList(x, scale), training, params)
                                    .singletonOrThrow(); // (B, T, d)
                    x.attach(scope);
                }
            }
            x.attach(caller);
            return new NDList(x);
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return embeddings.getOutputShapes(inputShapes);
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape hidden = inputShapes[0].add(config.hiddenSize()); // (B, T, d)
        embeddings.initialize(manager, dataType, inputShapes);
        for (BertLayer layer : layers) {
            layer.initialize(manager, dataType, hidden, new Shape());
        }
    }
}
