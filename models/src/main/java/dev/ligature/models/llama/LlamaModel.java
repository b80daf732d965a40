package dev.ligature.models.llama;

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
import dev.ligature.block.TokenEmbedding;
import dev.ligature.models.block.CausalMask;
import dev.ligature.models.block.DecoderInputs;
import dev.ligature.models.block.RmsNorm;
import dev.ligature.models.block.RotaryTables;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The model below the head: embedding, layers and a last norm. Inputs are those of {@link
 * LlamaForCausalLM}; the first output is {@code (B, T, d)}, the cache follows.
 *
 * <p>What a layer computes on the way is freed behind it, in training too: autograd holds what it
 * needs by itself, and memory that is used again is faster than memory that is new.
 */
public final class LlamaModel extends AbstractBlock {
    private static final byte VERSION = 1;

    @LoraTarget(value = "embed_tokens", role = Role.INPUT_EMBEDDING)
    Block embedTokens;

    @LoraChild("layers")
    final List<LlamaDecoderLayer> layers;

    @LoraTarget("norm")
    Block norm;

    private final int hiddenSize;
    private final int groups;
    private final float[] frequencies;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    LlamaModel(LlamaConfig config) {
        super(VERSION);
        hiddenSize = config.hiddenSize();
        groups = config.groups();
        frequencies = RotaryTables.signedFrequencies(config.ropeTheta(), config.headDim());
        embedTokens =
                addChildBlock("embed_tokens", new TokenEmbedding(config.vocabSize(), hiddenSize));
        List<LlamaDecoderLayer> built = new ArrayList<>();
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            built.add(addChildBlock("layer_" + i, new LlamaDecoderLayer(config)));
        }
        layers = List.copyOf(built);
        norm = addChildBlock("norm", new RmsNorm(hiddenSize, config.rmsNormEps()));
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        DecoderInputs in = DecoderInputs.of(inputs, layers.size());
        NDManager caller = in.ids().getManager();
        NDList outputs = new NDList(1 + 2 * layers.size());
        try (NDManager scope = caller.newSubManager()) {
            NDArray x =
                    embedTokens
                            .forward(parameterStore, new NDList(in.ids()), training, params)
                            .singletonOrThrow(); // (B, T) -> (B, T, d)
            x.attach(scope);
            NDList shared = shared(in, scope, x.getDataType());
            outputs.add(x);
            for (int i = 0; i < layers.size(); i++) {
                NDList layerInputs = new NDList(x).addAll(shared).addAll(in.cache(i));
                try (NDManager layerScope = scope.newSubManager()) {
                    x.attach(layerScope);
                    NDList y = layers.get(i).forward(parameterStore, layerInputs, training, params);
                    x = y.get(0); // (B, T, d)
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

    /** Returns what all layers need: the mask and the rotary tables. */
    private NDList shared(DecoderInputs in, NDManager scope, DataType dataType) {
        NDArray mask = in.attentionMask(scope); // (B, P+T), or null
        RotaryTables tables = RotaryTables.at(in.positions(scope, mask), frequencies, dataType);
        return new NDList(
                CausalMask.of(scope, in.past(), in.tokens(), mask, groups),
                tables.queryCos(),
                tables.querySin(),
                tables.keyCos(),
                tables.keySin());
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return DecoderInputs.outputShapes(inputShapes, hiddenSize);
    }

    @Override
    public void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape ids = inputShapes[0]; // (B, T)
        Shape hidden = new Shape(ids.get(0), ids.get(1), hiddenSize);
        embedTokens.initialize(manager, dataType, ids);
        for (LlamaDecoderLayer layer : layers) {
            layer.initialize(manager, dataType, hidden);
        }
        norm.initialize(manager, dataType, hidden);
    }
}
