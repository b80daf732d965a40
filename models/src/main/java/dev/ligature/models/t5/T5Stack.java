package dev.ligature.models.t5;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import dev.ligature.annotation.LoraTarget;
import dev.ligature.block.TiedEmbedding;
import dev.ligature.models.block.Call;
import dev.ligature.models.block.RmsNorm;
import dev.ligature.models.encoder.EncoderInputs;
import java.util.List;
import java.util.Objects;
import java.util.function.IntFunction;

/** What encoder and decoder have in common: embedding, layers and a last norm. */
abstract class T5Stack extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget("embed_tokens")
    Block embedTokens;

    @LoraTarget("final_layer_norm")
    Block norm;

    final int hiddenSize;
    private final RelativeBuckets buckets;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    T5Stack(T5Config config, Block shared, boolean bothWays) {
        super(VERSION);
        hiddenSize = config.modelSize();
        buckets = new RelativeBuckets(config.buckets(), config.maxDistance(), bothWays);
        embedTokens = addChildBlock("embed_tokens", new TiedEmbedding(shared));
        norm = addChildBlock("norm", new RmsNorm(hiddenSize, config.normEps()));
    }

    /**
     * Computes a stack. What a layer computes on the way is freed behind it.
     *
     * @param ids token ids, {@code (B, T)}
     * @param layers the layers
     * @param inputs what each layer is given beside x
     * @param scope the owner of what the layers share
     * @return {@code (B, T, d)}, and what the layers give beside x, all of the manager of the ids
     */
    final NDList run(
            NDArray ids,
            List<? extends Block> layers,
            IntFunction<NDList> inputs,
            NDManager scope,
            Call call) {
        NDManager caller = ids.getManager();
        NDArray x = call.of(embedTokens, ids); // (B, T, d)
        x.attach(scope);
        NDList outputs = new NDList(x);
        for (int i = 0; i < layers.size(); i++) {
            NDList layerInputs = new NDList(x).addAll(inputs.apply(i));
            try (NDManager layerScope = scope.newSubManager()) {
                x.attach(layerScope);
                NDList y = call.of(layers.get(i), layerInputs);
                x = y.head();
                x.attach(scope);
                for (NDArray cached : y.subNDList(1)) {
                    cached.attach(caller);
                    outputs.add(cached);
                }
            }
        }
        x = call.of(norm, x);
        x.attach(caller);
        outputs.set(0, x);
        return outputs;
    }

    /**
     * Returns what the distances between tokens add to the scores: {@code (1, H, to − from, to)}.
     *
     * @param first the attention of the first layer, which has the table
     */
    final NDArray bias(T5Attention first, int from, int to, NDManager scope, Call call) {
        Block table = Objects.requireNonNull(first.relativeBias);
        return buckets.bias(places -> call.of(table, places), scope, from, to);
    }

    /** Returns what padding adds to the scores, {@code (B, 1, 1, S)}. */
    static NDArray padding(NDArray mask, NDManager scope) {
        NDArray copy = mask.toType(DataType.FLOAT32, true); // (B, S)
        copy.attach(scope);
        return Objects.requireNonNull(EncoderInputs.added(scope, copy));
    }

    @Override
    public final void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape ids = inputShapes[0]; // (B, T)
        for (Block child : getChildren().values()) {
            child.initialize(manager, dataType, child == embedTokens ? ids : ids.add(hiddenSize));
        }
    }
}
