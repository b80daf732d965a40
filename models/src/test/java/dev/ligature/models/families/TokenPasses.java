package dev.ligature.models.families;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.block.TextCache;
import dev.ligature.models.block.TextsPass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Passes over one token of each of several texts, without a batch around them. */
final class TokenPasses {
    private TokenPasses() {}

    /** Returns the logits of each text's fourth token, each text read one token at a time. */
    static List<float[]> logits(PretrainedModel model, Block block, int texts, int room) {
        try (NDManager scope = model.manager().newSubManager()) {
            ParameterStore store = new ParameterStore(scope, false);
            List<TextCache> caches = new ArrayList<>();
            for (int i = 0; i < texts; i++) {
                caches.add(new TextCache(scope, model.decoder().layers(), room));
            }
            Shape shape = new Shape(texts, 1);
            List<float[]> logits = new ArrayList<>();
            for (int step = 0; step < 4; step++) {
                int[] counts = new int[texts];
                Arrays.fill(counts, 1);
                TextsPass pass = new TextsPass(caches, counts, false);
                NDArray ids = scope.full(shape, 3 + 5 * step, DataType.INT64);
                NDArray mask = scope.ones(shape, DataType.INT64);
                NDArray positions = scope.full(shape, step, DataType.INT64);
                NDList inputs = new NDList(ids, mask, positions);
                NDArray y = block.forward(store, inputs, false, pass.params()).head(); // (B, 1, V)
                caches.forEach(cache -> cache.advance(1));
                logits.clear();
                for (int i = 0; i < texts; i++) {
                    logits.add(y.get(i).toFloatArray());
                }
            }
            return logits;
        }
    }
}
