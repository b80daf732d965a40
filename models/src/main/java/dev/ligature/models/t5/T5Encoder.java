package dev.ligature.models.t5;

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
import dev.ligature.block.TiedEmbedding;
import dev.ligature.models.block.RmsNorm;
import dev.ligature.models.encoder.EncoderInputs;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The encoder: embedding, layers and a last norm.
 *
 * <p>Inputs: token ids {@code (B, S)}, and optionally a mask {@code (B, S)}, 0 at padding and 1
 * else. Output: {@code (B, S, d)}.
 */
public final class T5Encoder extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget("embed_tokens")
    Block embedTokens;

    @LoraChild("block")
    final List<T5EncoderLayer> layers;

    @LoraTarget("final_layer_norm")
    Block norm;

    private final RelativeBuckets buckets;
    private final int hiddenSize;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    T5Encoder(T5Config config, Block shared) {
        super(VERSION);
        hiddenSize = config.modelSize();
        buckets = new RelativeBuckets(config.buckets(), config.maxDistance(), true);
        embedTokens = addChildBlock("embed_tokens", new TiedEmbedding(shared));
        List<T5EncoderLayer> built = new ArrayList<>();
        for (int i = 0; i < config.numLayers(); i++) {
            built.add(addChildBlock("layer_" + i, new T5EncoderLayer(config, i == 0)));
        }
        layers = List.copyOf(built);
        norm = addChildBlock("norm", new RmsNorm(hiddenSize, config.normEps()));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray ids = inputs.get(0); // (B, S)
        NDManager caller = ids.getManager();
        try (NDManager scope = caller.newSubManager()) {
            NDArray x =
                    embedTokens
                            .forward(parameterStore, new NDList(ids), training, params)
                            .singletonOrThrow(); // (B, S, d)
            x.attach(scope);
            Block table = Objects.requireNonNull(layers.get(0).attention.relativeBias);
            NDArray added =
                    buckets.bias(
                            places -> table.forward(parameterStore, places, training, params),
                            scope,
                            0,
                            (int) ids.getShape().get(1)); // (1, H, S, S)
            if (inputs.size() > 1) {
                NDArray mask = inputs.get(1).toType(DataType.FLOAT32, true);
                mask.attach(scope);
                added = added.add(EncoderInputs.added(scope, mask)); // (B, H, S, S)
            }
            for (T5EncoderLayer layer : layers) {
                try (NDManager layerScope = scope.newSubManager()) {
                    x.attach(layerScope);
                    x =
                            layer.forward(parameterStore, new NDList(x, added), training, params)
                                    .singletonOrThrow();
                    x.attach(scope);
                }
            }
            NDList outputs = norm.forward(parameterStore, new NDList(x), training, params);
            outputs.attach(caller);
            return outputs;
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(hiddenSize)};
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        for (Block block : getChildren().values()) {
            boolean first = block == embedTokens;
            block.initialize(
                    manager, dataType, first ? inputShapes[0] : inputShapes[0].add(hiddenSize));
        }
    }
}
