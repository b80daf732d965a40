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
import dev.ligature.models.block.CausalMask;
import dev.ligature.models.block.RmsNorm;
import dev.ligature.models.encoder.EncoderInputs;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The decoder: embedding, layers and a last norm.
 *
 * <p>Inputs, in this order:
 *
 * <ul>
 *   <li>token ids: {@code (B, T)}
 *   <li>the encoder's output: {@code (B, S, d)}
 *   <li>the encoder's mask: {@code (B, S)}, 0 at padding and 1 else
 *   <li>optionally for each layer four arrays of {@link T5DecoderLayer}
 * </ul>
 *
 * <p>Outputs: {@code (B, T, d)}, and the four arrays of each layer if they were given.
 */
public final class T5Decoder extends AbstractBlock {
    private static final byte VERSION = 1;
    private static final int CACHED = 3;

    /** The arrays that the cache has for a layer. */
    static final int PER_LAYER = 4;

    @LoraTarget("embed_tokens")
    Block embedTokens;

    @LoraChild("block")
    final List<T5DecoderLayer> layers;

    @LoraTarget("final_layer_norm")
    Block norm;

    private final RelativeBuckets buckets;
    private final int hiddenSize;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    T5Decoder(T5Config config, Block shared) {
        super(VERSION);
        hiddenSize = config.modelSize();
        buckets = new RelativeBuckets(config.buckets(), config.maxDistance(), false);
        embedTokens = addChildBlock("embed_tokens", new TiedEmbedding(shared));
        List<T5DecoderLayer> built = new ArrayList<>();
        for (int i = 0; i < config.numDecoderLayers(); i++) {
            built.add(addChildBlock("layer_" + i, new T5DecoderLayer(config, i == 0)));
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
        NDArray ids = inputs.get(0); // (B, T)
        int tokens = (int) ids.getShape().get(1);
        int past = inputs.size() > CACHED ? (int) inputs.get(CACHED).getShape().get(2) : 0;
        NDManager caller = ids.getManager();
        NDList outputs = new NDList();
        try (NDManager scope = caller.newSubManager()) {
            NDArray x =
                    embedTokens
                            .forward(parameterStore, new NDList(ids), training, params)
                            .singletonOrThrow(); // (B, T, d)
            x.attach(scope);
            outputs.add(x);
            Block table = Objects.requireNonNull(layers.get(0).attention.relativeBias);
            NDArray own =
                    buckets.bias(
                                    places ->
                                            table.forward(parameterStore, places, training, params),
                                    scope,
                                    past,
                                    past + tokens)
                            .add(CausalMask.of(scope, past, tokens, null, 1, 0)); // (1, H, T, P+T)
            NDArray mask = inputs.get(2).toType(DataType.FLOAT32, true);
            mask.attach(scope);
            NDArray others = EncoderInputs.added(scope, mask); // (B, 1, 1, S)
            for (int i = 0; i < layers.size(); i++) {
                NDList layerInputs = new NDList(x, own, inputs.get(1), others);
                if (inputs.size() > CACHED) {
                    int first = CACHED + PER_LAYER * i;
                    layerInputs.addAll(inputs.subList(first, first + PER_LAYER));
                }
                try (NDManager layerScope = scope.newSubManager()) {
                    x.attach(layerScope);
                    NDList y = layers.get(i).forward(parameterStore, layerInputs, training, params);
                    x = y.head();
                    x.attach(scope);
                    for (NDArray cached : y.subNDList(1)) {
                        cached.attach(caller);
                        outputs.add(cached);
                    }
                }
            }
            x = norm.forward(parameterStore, new NDList(x), training, params).singletonOrThrow();
            x.attach(caller);
            outputs.set(0, x);
        }
        return outputs;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape[] outputs = new Shape[1 + Math.max(0, inputShapes.length - CACHED)];
        outputs[0] = inputShapes[0].add(hiddenSize);
        for (int i = 1; i < outputs.length; i++) {
            Shape past = inputShapes[CACHED - 1 + i];
            boolean own = (i - 1) % PER_LAYER < 2;
            long all = own ? past.get(2) + inputShapes[0].get(1) : inputShapes[1].get(1);
            outputs[i] = new Shape(past.get(0), past.get(1), all, past.get(3));
        }
        return outputs;
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
