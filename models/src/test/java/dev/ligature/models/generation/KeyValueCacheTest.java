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
import dev.ligature.models.DecoderShape;
import dev.ligature.models.Oracle;
import dev.ligature.models.block.GenerationPass;
import dev.ligature.models.llama.LlamaCheckpoint;
import dev.ligature.models.llama.LlamaForCausalLM;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

    /** The cache is kept in arrays with room, or copied by each pass as its inputs say. */
    @ParameterizedTest
    @CsvSource({"biased, 30", "biased, 1000", "llama-tied-both, 33", "qwen2-tied-embed, 1000"})
    void aCacheWithRoom_givesTheLogitsOfACopiedOne(String name, long limit) throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            LlamaForCausalLM model = LlamaCheckpoint.load(Oracle.checkpoint(name), manager);
            DecoderShape shape = model.config().decoderShape();
            ParameterStore store = new ParameterStore(manager, false);
            NDList copied = KeyValueCache.empty(shape, manager, 2);
            NDList none = KeyValueCache.empty(shape, manager, 2);
            try (KeyValueCache cache = new KeyValueCache(none, manager, limit)) {
                long past = 0;
                for (long tokens : new long[] {3, 1, 1, 2, 1, 1, 1, 5, 1, 1, 1, 1, 1, 9, 1, 1, 1}) {
                    try (NDManager scope = manager.newSubManager()) {
                        NDList inputs = inputs(scope, past, tokens);
                        NDArray logits = cache.forward(model, store, inputs, false);
                        NDList outputs =
                                model.forward(store, new NDList(inputs).addAll(copied), false);
                        NDArray last = outputs.head().get(new NDIndex(":, {}:", tokens - 1));
                        if (tokens == 1) {
                            assertArrayEquals(last.toFloatArray(), logits.toFloatArray());
                        } else { // a product of one row may be rounded in another order
                            assertWithin(1e-6, last, logits, "after " + past);
                        }
                        copied = outputs.subNDList(1);
                        copied.attach(manager);
                        past += tokens;
                        for (int i = 0; i < copied.size(); i++) {
                            float[] expected = copied.get(i).toFloatArray();
                            assertArrayEquals(expected, cache.arrays().get(i).toFloatArray());
                        }
                    }
                }
            }
        }
    }

    /**
     * Long prompts are computed in blocks where there is a cache, and at once where there is none.
     */
    @ParameterizedTest
    @CsvSource({"biased, 129, 0", "biased, 300, 0", "llama-tied-both, 256, 7", "biased, 290, 140"})
    void aLongPrompt_givesTheLogitsOfOneWithoutCache(String name, long tokens, long padding)
            throws IOException {
        try (NDManager manager = NDManager.newBaseManager()) {
            LlamaForCausalLM model = LlamaCheckpoint.load(Oracle.checkpoint(name), manager);
            ParameterStore store = new ParameterStore(manager, false);
            NDList inputs = inputs(manager, 0, tokens);
            inputs.get(1).set(new NDIndex("1, :{}", padding), 0);
            NDArray positions = inputs.get(1).cumSum(1).sub(manager.ones(new Shape()));
            inputs.set(2, positions);
            NDArray expected = model.forward(store, inputs, false).head(); // (B, T, V)
            NDList none = KeyValueCache.empty(model.config().decoderShape(), manager, 2);
            NDArray found = model.forward(store, new NDList(inputs).addAll(none), false).head();
            assertWithin(1e-5, expected.get(0), found.get(0), "no padding");
            NDIndex kept = new NDIndex("1, {}:", padding);
            assertWithin(1e-5, expected.get(kept), found.get(kept), "behind the padding");
            // And a second piece, with a cache before it.
            NDList first = pieces(inputs, 0, 100).addAll(none);
            NDList cache = model.forward(store, first, false).subNDList(1);
            NDList rest = pieces(inputs, 100, tokens).addAll(cache);
            NDArray last = model.forward(store, rest, false).head();
            assertWithin(1e-5, expected.get("0, 100:"), last.get(0), "in two pieces");
        }
    }

    private static NDList pieces(NDList inputs, long from, long to) {
        NDIndex piece = new NDIndex(":, {}:{}", from, to);
        return new NDList(
                inputs.get(0).get(piece),
                inputs.get(1).get(new NDIndex(":, :{}", to)),
                inputs.get(2).get(piece));
    }

    private static NDList inputs(NDManager scope, long past, long tokens) {
        long[] ids = new long[(int) (2 * tokens)];
        Arrays.setAll(ids, i -> 3 + (7 * (past + i)) % 40);
        return new NDList(
                scope.create(ids, new Shape(2, tokens)),
                scope.ones(new Shape(2, past + tokens), DataType.INT64),
                scope.arange((int) past, (int) (past + tokens), 1, DataType.INT64)
                        .broadcast(2, tokens));
    }

    @Test
    void aCacheWithRoom_isCopiedWhenTheRoomDoublesAndNotBetween() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray shown = manager.ones(new Shape(2, 3, 5, 4));
            IdentityHashMap<NDArray, NDArray> buffers = new IdentityHashMap<>();
            List<Long> capacities = new ArrayList<>();
            for (int token = 0; token < 60; token++) {
                GenerationPass pass = new GenerationPass(buffers, manager, 50, false);
                NDArray now = manager.full(new Shape(2, 3, 1, 4), token, DataType.FLOAT32);
                shown = GenerationPass.append(shown, now, pass.params());
                assertEquals(new Shape(2, 3, 6 + token, 4), shown.getShape());
                NDArray buffer = Objects.requireNonNull(pass.buffer(shown));
                if (buffers.values().stream().noneMatch(known -> known == buffer)) {
                    capacities.add(buffer.getShape().get(2));
                }
                buffers.clear();
                buffers.put(shown, buffer);
            }
            // Up to the limit by doubling; longer texts than that are nobody's, but right as well.
            assertEquals(List.of(8L, 16L, 32L, 50L), capacities.subList(0, 4));
            float[] expected = new float[65];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = i < 5 ? 1 : i - 5;
            }
            assertArrayEquals(expected, shown.get("1, 2, :, 3").toFloatArray());
        }
    }

    @Test
    void twoLayersThatReadOneCache_writeToArraysOfTheirOwn() {
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray past = manager.ones(new Shape(1, 1, 3, 2));
            GenerationPass first = new GenerationPass(new IdentityHashMap<>(), manager, 50, false);
            NDArray one = manager.full(new Shape(1, 1, 1, 2), 5f);
            NDArray shared = GenerationPass.append(past, one, first.params());
            IdentityHashMap<NDArray, NDArray> buffers = new IdentityHashMap<>();
            buffers.put(shared, Objects.requireNonNull(first.buffer(shared)));
            GenerationPass second = new GenerationPass(buffers, manager, 50, false);
            NDArray a = GenerationPass.append(shared, one, second.params());
            NDArray b =
                    GenerationPass.append(
                            shared, manager.full(new Shape(1, 1, 1, 2), 7f), second.params());
            assertArrayEquals(new float[] {1, 1, 1, 5, 5}, a.get("0, 0, :, 0").toFloatArray());
            assertArrayEquals(new float[] {1, 1, 1, 5, 7}, b.get("0, 0, :, 0").toFloatArray());
        }
    }
}
