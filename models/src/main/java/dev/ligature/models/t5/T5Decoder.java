package dev.ligature.models.t5;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.ligature.annotation.LoraChild;
import dev.ligature.models.block.Call;
import dev.ligature.models.block.CausalMask;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The decoder.
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
public final class T5Decoder extends T5Stack {
    private static final int CACHED = 3;

    /** The arrays that the cache has for a layer. */
    static final int PER_LAYER = 4;

    @LoraChild("block")
    final List<T5DecoderLayer> layers;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    T5Decoder(T5Config config, Block shared) {
        super(config, shared, false);
        List<T5DecoderLayer> built = new ArrayList<>();
        for (int i = 0; i < config.numDecoderLayers(); i++) {
            built.add(addChildBlock("layer_" + i, new T5DecoderLayer(config, i == 0)));
        }
        layers = List.copyOf(built);
    }

    @Override
    protected NDList forwardInternal(
            ParameterStore parameterStore,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        Call call = new Call(parameterStore, training, params);
        NDArray ids = inputs.get(0); // (B, T)
        int tokens = (int) ids.getShape().get(1);
        boolean caching = inputs.size() > CACHED;
        int past = caching ? (int) inputs.get(CACHED).getShape().get(2) : 0;
        try (NDManager scope = ids.getManager().newSubManager()) {
            NDArray distances = bias(layers.get(0).attention, past, past + tokens, scope, call);
            NDArray own = // (1, H, T, P+T)
                    tokens == 1 // which sees all
                            ? distances
                            : distances.add(CausalMask.of(scope, past, tokens, null, 1, 0));
            NDArray others = padding(inputs.get(2), scope); // (B, 1, 1, S)
            IntFunction<NDList> layerInputs =
                    layer -> {
                        NDList given = new NDList(own, inputs.get(1), others);
                        if (caching) {
                            int first = CACHED + PER_LAYER * layer;
                            given.addAll(inputs.subList(first, first + PER_LAYER));
                        }
                        return given;
                    };
            return run(ids, layers, layerInputs, scope, call);
        }
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
}
