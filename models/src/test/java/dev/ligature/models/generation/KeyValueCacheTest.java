package dev.ligature.models.generation;

import static dev.ligature.models.Oracle.assertWithin;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import dev.ligature.models.Oracle;
import dev.ligature.models.llama.LlamaCheckpoint;
import dev.ligature.models.llama.LlamaForCausalLM;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyValueCacheTest {
    @ParameterizedTest
    @ValueSource(strings = {"biased", "llama-tied-both", "qwen2-tied-embed"})
    void tokensInPieces_giveTheLogitsOfTokensAtOnce(String name) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            Oracle oracle = Oracle.of(name, manager);
            LlamaForCausalLM model = LlamaCheckpoint.load(Oracle.checkpoint(name), manager);
            NDArray ids = oracle.read("padded_ids"); // (B, T)
            NDArray mask = oracle.read("padded_mask"); // (B, T)
            NDArray positions = mask.cumSum(1).sub(manager.ones(new Shape(), DataType.INT64));
            NDArray pieces = inPieces(model, ids, mask, positions, 1, 3, 4, 6);
            NDArray expected = oracle.read("padded_logits"); // (B, T, V)
            for (long row = 0; row < ids.getShape().get(0); row++) {
                long start = ids.getShape().get(1) - mask.get(row).sum().getLong();
                NDIndex tokens = new NDIndex("{}, {}:", row, start);
                assertWithin(1e-5, expected.get(tokens), pieces.get(tokens), "row " + row);
            }
        }
    }

    /** Runs pieces that end at some places, each with the cache of those before it. */
    private static NDArray inPieces(
            LlamaForCausalLM model, NDArray ids, NDArray mask, NDArray positions, int... ends) {
        NDManager manager = ids.getManager();
        NDList cache =
                KeyValueCache.empty(model.config().decoderShape(), manager, ids.getShape().get(0));
        NDList logits = new NDList();
        int start = 0;
        for (int end : ends) {
            NDIndex piece = new NDIndex(":, {}:{}", start, end);
            NDList inputs =
                    new NDList(
                            ids.get(piece),
                            mask.get(new NDIndex(":, :{}", end)),
                            positions.get(piece));
            NDList outputs =
                    model.forward(new ParameterStore(manager, false), inputs.addAll(cache), false);
            logits.add(outputs.get(0));
            cache = outputs.subNDList(1);
            start = end;
        }
        return NDArrays.concat(logits, 1); // (B, T, V)
    }

    @ParameterizedTest
    @ValueSource(strings = {"biased", "llama-tied-both"})
    void aCacheThatWasGiven_isNotWrittenTo(String name) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            LlamaForCausalLM model = LlamaCheckpoint.load(Oracle.checkpoint(name), manager);
            ParameterStore parameterStore = new ParameterStore(manager, false);
            NDArray ids = Oracle.of(name, manager).read("input_ids"); // (2, 9)
            NDArray positions = manager.arange(0, 9, 1, DataType.INT64).broadcast(2, 9);
            NDList first = new NDList(ids, manager.ones(new Shape(2, 9)), positions);
            first.addAll(KeyValueCache.empty(model.config().decoderShape(), manager, 2));
            NDList cache = model.forward(parameterStore, first, false).subNDList(1);
            float[] before = cache.get(1).toFloatArray();
            NDList next =
                    new NDList(
                            ids.get(":, :1"),
                            manager.ones(new Shape(2, 10)),
                            manager.full(new Shape(2, 1), 9, DataType.INT64));
            NDList outputs = model.forward(parameterStore, next.addAll(cache), false);
            assertArrayEquals(before, cache.get(1).toFloatArray());
            assertEquals(10, outputs.get(1).getShape().get(2));
            NDArray again = model.forward(parameterStore, next, false).get(0);
            assertArrayEquals(outputs.get(0).toFloatArray(), again.toFloatArray());
        }
    }
}
