package dev.ligature.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.training.ParameterStore;
import ai.djl.training.loss.Loss;
import ai.djl.util.PairList;
import dev.ligature.LoraException;
import dev.ligature.internal.loss.RowLoss;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A loss that goes through a language model's head in chunks is that of all tokens at once. */
final class ChunkedLossTest {
    private static final int VOCABULARY = 11;
    private static final long ALL = TrainingMemory.DEFAULT.logitBytes();

    private final NDManager manager = NDManager.newBaseManager();

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void theHeadSeesEvenChunksOfWhatFits_andOnlyTokensThatCount() {
        EmbeddingAndHead model = model();
        NDArray ids = ids(3, 8); // 21 tokens to predict
        assertEquals(List.of(21L), calls(model, ALL, loop -> loop.step(ids)));
        assertEquals(List.of(6L, 6L, 6L, 3L), calls(model, tokens(6), loop -> loop.step(ids)));
        assertEquals(List.of(7L, 7L, 7L), calls(model, tokens(9), loop -> loop.step(ids)));
        assertEquals(
                List.of(7L, 7L, 7L), calls(model, tokens(7), loop -> loop.evaluate(List.of(ids))));
        TokenBatch some = some(ids, 5, 9, 10, 22);
        assertEquals(List.of(4L), calls(model, ALL, loop -> loop.step(List.of(some))));
        assertEquals(List.of(2L, 2L), calls(model, tokens(3), loop -> loop.step(List.of(some))));
        assertEquals(21, calls(model, 1, loop -> loop.step(ids)).size());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 20})
    void lossNormAndWeights_areThoseOfAllAtOnce(int atOnce) {
        NDArray ids = ids(3, 8);
        List<TokenBatch> batches =
                List.of(TokenBatch.of(ids), some(ids(2, 6), 1, 2, 3, 8, 10), some(ids(1, 4), 2));
        Map<String, float[]> expected = trained(new Unheaded(model()), ALL, batches);
        Map<String, float[]> actual = trained(model(), tokens(atOnce), batches);
        expected.forEach(
                (name, values) -> assertArrayEquals(values, actual.get(name), 1e-6f, name));
    }

    @Test
    void aHeadAlone_isTrainedToo() {
        EmbeddingAndHead whole = model();
        EmbeddingAndHead chunked = model();
        for (EmbeddingAndHead model : List.of(whole, chunked)) {
            model.embedding.freeze(true);
            long bytes = model == whole ? ALL : tokens(4);
            calls(model, bytes, loop -> loop.step(ids(3, 8)));
        }
        assertArrayEquals(
                whole.head.getArray().toFloatArray(),
                chunked.head.getArray().toFloatArray(),
                1e-6f);
    }

    @Test
    void classesOfTheTokens_areChunkedAsWell_andBadOnesRefusedAsEver() {
        NDArray ids = ids(3, 8);
        NDArray labels = some(ids, 5, 9, 10, 22).labels();
        EmbeddingAndHead model = model();
        TrainingBatch batch = TrainingBatch.classes(new NDList(ids), labels);
        double[] losses = new double[2];
        assertEquals(
                List.of(2L, 2L), calls(model, tokens(2), loop -> losses[0] = loop.evaluate(batch)));
        calls(new Unheaded(model), ALL, loop -> losses[1] = loop.evaluate(batch));
        assertEquals(losses[1], losses[0], 1e-6);
        NDArray bad = manager.create(new long[] {3, VOCABULARY, -100}, new Shape(1, 3));
        TrainingBatch refused = TrainingBatch.classes(new NDList(ids(1, 3)), bad);
        for (long bytes : new long[] {1, ALL}) {
            LoraException error =
                    assertThrows(
                            LoraException.class,
                            () -> calls(model, bytes, loop -> loop.step(refused)));
            assertEquals("TrainLabels", error.code());
            assertTrue(error.getMessage().contains("logits (1, 3, 11)"), error.getMessage());
        }
    }

    /** (log p + 20)² of each row: its slopes differ from row to row, and change sign. */
    private static final class RowSquares extends Loss implements RowLoss.OfLabels {
        private static final double OFF = 20;

        RowSquares() {
            super("RowSquares");
        }

        @Override
        public RowLoss with(NDList labels) {
            return (logs, counts, slopes) -> {
                double sum = 0;
                for (int row = 0; row < logs.length; row++) {
                    slopes[row] = 2 * (logs[row] + OFF);
                    sum += (logs[row] + OFF) * (logs[row] + OFF);
                }
                return sum;
            };
        }

        @Override
        public NDArray evaluate(NDList labels, NDList predictions) {
            NDArray ids = labels.head(); // (B, T)
            NDManager scope = predictions.head().getManager();
            NDArray ignored =
                    scope.full(new Shape(), (float) NextTokenLoss.IGNORED, DataType.INT64);
            NDArray counted = ids.neq(ignored);
            NDArray classes = ids.mul(counted.toType(DataType.INT64, false)).expandDims(2);
            NDArray logs = predictions.head().logSoftmax(2).gather(classes, 2).squeeze(2);
            NDArray sums = logs.mul(counted.toType(DataType.FLOAT32, false)).sum(new int[] {1});
            NDArray off = sums.add(scope.full(new Shape(), (float) OFF, DataType.FLOAT32));
            return off.mul(off).mean();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 20})
    void aLossOfRows_isThatOfAllLogitsAtOnce(int atOnce) {
        NDArray ids = ids(3, 8);
        NDList labels = new NDList(some(ids, 0, 1, 5, 9, 10, 22).labels());
        TrainingBatch some = new TrainingBatch(new NDList(ids), labels, new RowSquares(), 3);
        NDArray more = ids(2, 6);
        TrainingBatch all =
                new TrainingBatch(new NDList(more), new NDList(more), new RowSquares(), 2);
        Map<String, float[]> expected = new HashMap<>();
        for (long bytes : new long[] {ALL, tokens(atOnce)}) {
            EmbeddingAndHead model = model();
            Map<String, float[]> found = new HashMap<>();
            TrainingConfig config =
                    TrainingConfig.builder()
                            .optOptimizer(OptimizerKind.SGD)
                            .optLearningRate(0.01)
                            .optMemory(TrainingMemory.DEFAULT.withLogitBytes(bytes))
                            .build();
            try (TrainingLoop loop = TrainingLoop.over(model, manager, config)) {
                for (int step = 0; step < 3; step++) {
                    StepMetrics metrics = loop.step(some, all);
                    found.put("loss " + step, new float[] {(float) metrics.loss()});
                    found.put("norm " + step, new float[] {(float) metrics.gradNorm()});
                }
                found.put("evaluated", new float[] {(float) loop.evaluate(some, all)});
            }
            found.put("embedding", model.embedding.getArray().toFloatArray());
            found.put("head", model.head.getArray().toFloatArray());
            if (bytes == ALL) {
                assertEquals(List.of(24L, 12L), model.headCalls.subList(0, 2));
                expected.putAll(found);
            } else {
                long most = model.headCalls.stream().mapToLong(call -> call).max().orElse(0);
                assertEquals(Math.min(atOnce, 12), most); // of the six, and of the twelve
                expected.forEach(
                        (name, values) ->
                                assertArrayEquals(
                                        values,
                                        found.get(name),
                                        1e-5f * Math.max(1, Math.abs(values[0])),
                                        name));
            }
        }
    }

    @Test
    void aLossOfRows_dropsOutTheSameInBothPasses() {
        EmbeddingAndHead model = model();
        NDArray ids = ids(3, 8);
        NDList labels = new NDList(some(ids, 0, 1, 5, 9, 10, 22).labels());
        TrainingBatch batch = new TrainingBatch(new NDList(ids), labels, new RowSquares(), 3);
        assertEquals(
                List.of(2L, 2L, 2L, 2L, 2L, 2L), calls(model, tokens(2), loop -> loop.step(batch)));
        List<Float> draws = model.headDraws;
        assertEquals(draws.subList(0, 3), draws.subList(3, 6));
        assertEquals(3, Set.copyOf(draws).size());
    }

    @Test
    void aBlockAroundTheModel_mayChangeItsLogits() {
        NDArray ids = ids(3, 8);
        EmbeddingAndHead model = model();
        assertEquals(List.of(21L), calls(new Unheaded(model), tokens(2), loop -> loop.step(ids)));
    }

    @Test
    void manySteps_leaveAsManyArraysAsTheFirst() {
        TrainingConfig config = config(tokens(4));
        List<TokenBatch> batches = List.of(TokenBatch.of(ids(3, 8)), some(ids(2, 6), 1, 2, 3));
        EmbeddingAndHead model = model();
        model.inForward(System::gc);
        try (TrainingLoop loop = TrainingLoop.over(model, manager, config)) {
            loop.step(batches);
            loop.evaluate(List.of(batches.get(0).ids()));
            int arrays = LiveArrays.inProcess();
            int resources = LiveArrays.directlyUnder(manager);
            for (int i = 0; i < 20; i++) {
                loop.step(batches);
                loop.evaluate(List.of(batches.get(0).ids()));
            }
            assertEquals(arrays, LiveArrays.inProcess());
            assertEquals(resources, LiveArrays.directlyUnder(manager));
        }
    }

    @Test
    void noBytes_areRefused() {
        LoraException error =
                assertThrows(LoraException.class, () -> TrainingMemory.DEFAULT.withLogitBytes(0));
        assertEquals("[TrainConfig] logitBytes is 0; it must be at least 1.", error.getMessage());
    }

    /** A block that is no headed model, around one. */
    private static final class Unheaded extends AbstractBlock {
        private final EmbeddingAndHead model;

        @SuppressWarnings("this-escape") // addChildBlock is how DJL blocks are built
        Unheaded(EmbeddingAndHead model) {
            super((byte) 1);
            this.model = addChildBlock("model", model);
        }

        @Override
        protected NDList forwardInternal(
                ParameterStore store,
                NDList inputs,
                boolean training,
                PairList<String, Object> params) {
            return model.forward(store, inputs, training);
        }

        @Override
        public void initializeChildBlocks(NDManager manager, DataType type, Shape... inputShapes) {
            model.initialize(manager, type, inputShapes);
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return model.getOutputShapes(inputShapes);
        }
    }

    private Map<String, float[]> trained(
            AbstractBlock block, long bytes, List<TokenBatch> batches) {
        EmbeddingAndHead model =
                block instanceof Unheaded around ? around.model : (EmbeddingAndHead) block;
        try (TrainingLoop loop = TrainingLoop.over(block, manager, config(bytes))) {
            Map<String, float[]> found = new HashMap<>();
            for (int i = 0; i < 3; i++) {
                StepMetrics metrics = loop.step(batches);
                float[] numbers = {(float) metrics.loss(), (float) metrics.gradNorm()};
                found.put("step " + i, numbers);
            }
            double after = loop.evaluate(batches.stream().map(TokenBatch::ids).toList());
            found.put("evaluated", new float[] {(float) after});
            found.put("embedding", model.embedding.getArray().toFloatArray());
            found.put("head", model.head.getArray().toFloatArray());
            return found;
        }
    }

    /** Returns the tokens that the head was applied to. */
    private List<Long> calls(AbstractBlock block, long bytes, Consumer<TrainingLoop> action) {
        EmbeddingAndHead model =
                block instanceof Unheaded around ? around.model : (EmbeddingAndHead) block;
        model.headCalls.clear();
        try (TrainingLoop loop = TrainingLoop.over(block, manager, config(bytes))) {
            action.accept(loop);
        }
        return List.copyOf(model.headCalls);
    }

    private static TrainingConfig config(long bytes) {
        return TrainingConfig.builder()
                .optOptimizer(OptimizerKind.SGD)
                .optLearningRate(0.3)
                .optMemory(TrainingMemory.DEFAULT.withLogitBytes(bytes))
                .build();
    }

    /** Returns the bytes of the logits of so many tokens, and of a part of one more. */
    private static long tokens(int count) {
        return 4L * VOCABULARY * count + 3;
    }

    private EmbeddingAndHead model() {
        Random random = new Random(5);
        NDArray[] weights = new NDArray[2];
        for (int i = 0; i < 2; i++) {
            double[] values = random.doubles(VOCABULARY * 4, -1, 1).toArray();
            weights[i] =
                    manager.create(values, new Shape(VOCABULARY, 4))
                            .toType(DataType.FLOAT32, false);
        }
        return new EmbeddingAndHead(weights[0], weights[1]);
    }

    private NDArray ids(int rows, int length) {
        long[] ids = new Random(rows).longs((long) rows * length, 0, VOCABULARY).toArray();
        return manager.create(ids, new Shape(rows, length));
    }

    /** Returns a batch of which the labels at some places of the flat array count. */
    private TokenBatch some(NDArray ids, int... places) {
        long[] all = ids.toLongArray();
        long[] labels = new long[all.length];
        Arrays.fill(labels, NextTokenLoss.IGNORED);
        for (int place : places) {
            labels[place] = all[place];
        }
        return new TokenBatch(ids, manager.create(labels, ids.getShape()));
    }
}
