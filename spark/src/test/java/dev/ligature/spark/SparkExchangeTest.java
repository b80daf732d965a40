package dev.ligature.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.config.LoraConfig;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.training.TaskKind;
import dev.ligature.models.training.TaskSettings;
import dev.ligature.models.training.TrainingReplica;
import dev.ligature.training.GradientExchange;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TrainingBatch;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import dev.ligature.training.TrainingMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Gradients by Spark in this process. */
class SparkExchangeTest {
    private static final String MINE = "mine";
    private static final TrainingConfig CONFIG =
            TrainingConfig.builder().optLearningRate(0.01).optSeed(4).build();
    private static final AtomicInteger MADE = new AtomicInteger();

    @TempDir Path folder;
    private String base = "";

    @BeforeEach
    void copy() throws IOException {
        base = new SparkFixture(folder).classifier().toString();
        MADE.set(0);
    }

    private static SparkSession session(String master) {
        return SparkSession.builder()
                .master(master)
                .config("spark.ui.enabled", false)
                .getOrCreate();
    }

    private static PretrainedModel open(String base) throws IOException {
        PretrainedModel model =
                PretrainedModel.load(
                        Path.of(base), LoadOptions.defaults().withDataType(DataType.FLOAT32));
        LoraConfig config =
                LoraConfig.builder()
                        .setTargetModules("query", "value")
                        .optRank(4)
                        .optLoraDropout(0.2)
                        .optTaskType("SEQ_CLS")
                        .build();
        model.lora().create(MINE, config, 0);
        return model;
    }

    private static TrainingReplica replica(String base, TaskKind kind) throws IOException {
        PretrainedModel model = open(base);
        return new TrainingReplica(
                model,
                MINE,
                kind.on(model, new TaskSettings(16, false, 0.05)),
                TrainingMemory.DEFAULT);
    }

    private static ReplicaMaker maker(String base) {
        return () -> replica(base, TaskKind.CLASSIFICATION);
    }

    private static TrainingBatch[] batches(NDManager scope, long step) {
        TrainingBatch[] batches = new TrainingBatch[5];
        for (int i = 0; i < batches.length; i++) {
            int rows = 1 + i % 3;
            long[] ids = new long[rows * 6];
            long[] labels = new long[rows];
            for (int k = 0; k < ids.length; k++) {
                ids[k] = 5 + (k * (step + 7) + i) % 40;
            }
            for (int k = 0; k < rows; k++) {
                labels[k] = (k + i + step) % 2;
            }
            NDArray array = scope.create(ids, new Shape(rows, 6));
            batches[i] =
                    TrainingBatch.classes(
                            new NDList(
                                    array,
                                    scope.ones(array.getShape(), DataType.INT64),
                                    scope.zeros(array.getShape(), DataType.INT64)),
                            scope.create(labels));
        }
        return batches;
    }

    /** What came of a training. */
    private static final class Trained {
        private final double[] numbers; // loss and norm of each step
        private final Map<String, byte[]> state; // of the loop, by the names of its arrays

        Trained(double[] numbers, Map<String, byte[]> state) {
            this.numbers = numbers;
            this.state = state;
        }

        void assertSame(Trained other) {
            assertArrayEquals(numbers, other.numbers);
            assertEquals(state.keySet(), other.state.keySet());
            state.forEach((name, bytes) -> assertArrayEquals(bytes, other.state.get(name), name));
        }
    }

    private static Trained train(PretrainedModel model, TrainingLoop loop, int steps) {
        double[] numbers = new double[2 * steps];
        for (int step = 0; step < steps; step++) {
            try (NDManager scope = model.manager().newSubManager()) {
                StepMetrics metrics = loop.step(batches(scope, step));
                numbers[2 * step] = metrics.loss();
                numbers[2 * step + 1] = metrics.gradNorm();
            }
        }
        try (NDManager scope = model.manager().newSubManager()) {
            Map<String, byte[]> state = new TreeMap<>();
            loop.state(scope).forEach((name, array) -> state.put(name, array.encode()));
            return new Trained(numbers, state);
        }
    }

    private Trained here(int steps) throws IOException {
        try (PretrainedModel model = open(base);
                TrainingLoop loop =
                        TrainingLoop.over(
                                model.lora().routed(Routing.of(MINE)), model.manager(), CONFIG)) {
            return train(model, loop, steps);
        }
    }

    private Trained there(String master, ReplicaMaker maker, TrainingConfig config, int steps)
            throws IOException {
        try (PretrainedModel model = open(base);
                SparkSession spark = session(master);
                GradientExchange exchange = SparkExchange.start(spark, maker);
                TrainingLoop loop =
                        TrainingLoop.over(
                                model.lora().routed(Routing.of(MINE)),
                                model.manager(),
                                config,
                                exchange)) {
            return train(model, loop, steps);
        }
    }

    @Test
    void tasksOfOneProcess_takeTurns_andGiveTheBitsOfALoop() throws Exception {
        Trained here = here(10);

        here.assertSame(there("local[1]", maker(base), CONFIG, 10));
        here.assertSame(there("local[4]", maker(base), CONFIG, 10));
    }

    @Test
    void aTaskThatFails_runsAgain_andChangesNothing() throws Exception {
        String model = base;
        Trained there =
                there(
                        "local[2,3]",
                        () -> {
                            if (MADE.incrementAndGet() <= 2) {
                                throw new IllegalStateException("no memory, for once");
                            }
                            return replica(model, TaskKind.CLASSIFICATION);
                        },
                        CONFIG,
                        2);

        here(2).assertSame(there);
        assertEquals(3, MADE.get());
    }

    @Test
    void aTrainingThatCannotBe_saysWhy() throws Exception {
        String model = base;
        LoraException task = fails(() -> replica(model, TaskKind.CLASSIFICATION), null);
        assertEquals("SparkSetting", task.code());
        assertTrue(message(task).contains("TrainingConfig.optSeed is not set"), message(task));

        LoraException never =
                fails(
                        () -> {
                            throw new IllegalStateException("no memory, ever");
                        },
                        4);
        assertEquals("SparkStep", never.code());
        assertTrue(
                message(never).contains("The gradients of step 1 were not computed: Job aborted"),
                message(never));

        ReplicaMaker gone = () -> replica(model + "-gone", TaskKind.CLASSIFICATION);
        UncheckedIOException missing =
                assertThrows(UncheckedIOException.class, () -> there("local[1]", gone, CONFIG, 1));
        assertTrue(
                String.valueOf(missing.getMessage()).contains("bert-sequence-gone"),
                missing.getMessage());
    }

    private LoraException fails(ReplicaMaker maker, Integer seed) {
        TrainingConfig.Builder config = TrainingConfig.builder();
        if (seed != null) {
            config.optSeed(seed);
        }
        return assertThrows(LoraException.class, () -> there("local[1]", maker, config.build(), 1));
    }

    private static String message(LoraException error) {
        return String.valueOf(error.getMessage());
    }

    @Test
    void anExecutorWithOtherOperators_isRefused() {
        String here = OperatorChoice.here();
        LoraException error =
                assertThrows(
                        LoraException.class,
                        () ->
                                Replicas.get()
                                        .compute(
                                                "id",
                                                maker(base),
                                                "others",
                                                new byte[0],
                                                new byte[0]));
        assertEquals("SparkOperators", error.code());
        assertTrue(
                message(error).contains("with the operators others, and the executor on"),
                message(error));
        assertTrue(message(error).contains(" with " + here + "."), message(error));
    }

    @Test
    void stepsLeaveNoArrays_andAClosedExchangeNoModel() throws Exception {
        try (PretrainedModel model = open(base);
                SparkSession spark = session("local[2]")) {
            OperatorChoice.here(); // which keeps what it loads
            int before = arrays();
            try (GradientExchange exchange = SparkExchange.start(spark, maker(base));
                    TrainingLoop loop =
                            TrainingLoop.over(
                                    model.lora().routed(Routing.of(MINE)),
                                    model.manager(),
                                    CONFIG,
                                    exchange)) {
                train(model, loop, 2);
                int first = arrays();
                assertTrue(first > before);
                train(model, loop, 20);
                assertEquals(first, arrays());
            }
            assertEquals(before, arrays());
        }
    }

    @Test
    void aCloseThatFails_leavesTheResultOfTheTraining() throws Exception {
        Trained there;
        try (PretrainedModel model = open(base);
                SparkSession spark = session("local[2]")) {
            GradientExchange exchange = SparkExchange.start(spark, maker(base));
            try (TrainingLoop loop =
                    TrainingLoop.over(
                            model.lora().routed(Routing.of(MINE)),
                            model.manager(),
                            CONFIG,
                            exchange)) {
                there = train(model, loop, 1);
            }
            Thread.currentThread().interrupt(); // fails what waits for tasks
            exchange.close();
            assertTrue(Thread.interrupted(), "the thread is still told");
        }
        here(1).assertSame(there);
    }

    /** Returns the arrays of all managers of the process. */
    private static int arrays() {
        try (NDManager manager = NDManager.newBaseManager()) {
            return manager.getParentManager().getManagedArrays().size();
        }
    }
}
