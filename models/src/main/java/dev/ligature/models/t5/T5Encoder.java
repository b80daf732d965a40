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
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The encoder.
 *
 * <p>Inputs: token ids {@code (B, S)}, and optionally a mask {@code (B, S)}, 0 at padding and 1
 * else. Output: {@code (B, S, d)}.
 */
public final class T5Encoder extends T5Stack {
    @LoraChild("block")
    final List<T5EncoderLayer> layers;

    @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
    T5Encoder(T5Config config, Block shared) {
        super(config, shared, true);
        List<T5EncoderLayer> built = new ArrayList<>();
        for (int i = 0; i < config.numLayers(); i++) {
            built.add(addChildBlock("layer_" + i, new T5EncoderLayer(config, i == 0)));
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
        NDArray ids = inputs.get(0); // (B, S)
        int tokens = (int) ids.getShape().get(1);
        try (NDManager scope = ids.getManager().newSubManager()) {
            NDArray added = bias(layers.get(0).attention, 0, tokens, scope, call); // (1, H, S, S)
            if (inputs.size() > 1) {
                added = added.add(padding(inputs.get(1), scope)); // (B, H, S, S)
            }
            NDList shared = new NDList(added);
            return run(ids, layers, layer -> shared, scope, call);
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        return new Shape[] {inputShapes[0].add(hiddenSize)};
    }
}
