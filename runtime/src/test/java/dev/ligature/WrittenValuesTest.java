package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.optimizer.Sgd;
import ai.djl.training.tracker.Tracker;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Values that a caller writes into an adapter's parameters are those that every later pass, merge
 * and save uses, also where DJL gives the array another storage for them.
 */
final class WrittenValuesTest extends ToyTest {
    @TempDir Path folder;

    /** A way to give an array other values. */
    private enum Writing {
        FLOATS {
            @Override
            void write(NDArray array, float[] values) {
                array.set(values);
            }
        },
        DIRECT_BUFFER {
            @Override
            void write(NDArray array, float[] values) {
                ByteBuffer bytes = ByteBuffer.allocateDirect(values.length * 4);
                bytes.order(ByteOrder.nativeOrder()).asFloatBuffer().put(values);
                array.set(bytes);
            }
        },
        COPY_TO {
            @Override
            void write(NDArray array, float[] values) {
                try (NDManager scope = NDManager.newBaseManager()) {
                    scope.create(values, array.getShape()).copyTo(array);
                }
            }
        },
        IN_PLACE {
            @Override
            void write(NDArray array, float[] values) {
                try (NDManager scope = NDManager.newBaseManager();
                        NDArray alias = array.stopGradient()) {
                    alias.set(new NDIndex(":"), scope.create(values, array.getShape()));
                }
            }
        },
        HANDED_OVER {
            @Override
            void write(NDArray array, float[] values) {
                try (NDManager scope = NDManager.newBaseManager()) {
                    NDArray other = array.getManager().zeros(array.getShape());
                    array.intern(other.addi(scope.create(values, array.getShape())));
                }
            }
        },
        ATTACHED_ELSEWHERE {
            @Override
            void write(NDArray array, float[] values) {
                array.attach(array.getManager().newSubManager());
                IN_PLACE.write(array, values);
            }
        },
        INITIALIZED_AGAIN {
            @Override
            void write(Parameter parameter, float[] values) {
                NDArray array = parameter.getArray();
                NDManager owner = array.getManager();
                parameter.close();
                parameter.setInitializer(
                        (m, shape, type) -> m.zeros(shape, type).addi(m.create(values, shape)));
                parameter.initialize(owner, DataType.FLOAT32);
            }

            @Override
            void write(NDArray array, float[] values) {
                throw new AssertionError("of a parameter");
            }
        };

        abstract void write(NDArray array, float[] values);

        void write(Parameter parameter, float[] values) {
            write(parameter.getArray(), values);
        }
    }

    private static LoraConfig.Builder kind(String kind) {
        LoraConfig.Builder config = config("proj", "embed");
        return switch (kind) {
            case "DoRA" -> config.optUseDora(true);
            case "bias of B" -> config("proj").optLoraBias(true);
            case "copy" -> config.optModulesToSave("head");
            case "rows" -> config("proj").optTrainableTokenIndices(0, 3);
            case "parameter" -> config("embed").optTargetParameters("proj.weight");
            default -> config;
        };
    }

    static Stream<Object[]> cases() {
        return Stream.of("pair", "DoRA", "bias of B", "copy", "rows", "parameter")
                .flatMap(
                        kind ->
                                Stream.of(Writing.values())
                                        .flatMap(
                                                way ->
                                                        Stream.of(true, false)
                                                                .map(t -> of(kind, way, t))));
    }

    private static Object[] of(Object... values) {
        return values;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void whatIsWritten_isWhatIsComputedWith(String kind, Writing way, boolean trainable)
            throws IOException {
        LoraModel lora = wrapToy(false);
        LoraConfig config = kind(kind).build();
        AdapterState expected = (AdapterState) lora.create("expected", config, 1);
        scramble(expected, 5);
        double[][] logits = Numbers.matrix(forward(lora, "expected"));
        AdapterState adapter = (AdapterState) lora.create("a", config, 2);
        scramble(adapter, 9);
        adapter.setTrainable(trainable);
        Routing mixed = Routing.rows("a", "expected");
        forward(lora, "a"); // so that all that is cached is cached
        lora.forward(store, ids(), mixed);

        for (int round = 0; round < 2; round++) {
            for (Parameter parameter : adapter.parameters().values()) {
                Parameter other = expected.parameters().get(parameter.getName());
                way.write(parameter, other.getArray().toFloatArray());
            }
            System.gc(); // buffers of Java that nothing holds any more
            adapter.setTrainable(trainable);
            Numbers.assertClose(logits, forward(lora, "a"), 1e-5);
            Numbers.assertClose(logits, lora.forward(store, ids(), mixed).head(), 1e-5);
            if (trainable) {
                // DJL's store keeps the arrays that it has seen.
                ParameterStore fresh = new ParameterStore(manager, false);
                NDArray trained = lora.routed(Routing.of("a")).forward(fresh, ids(), true).head();
                Numbers.assertClose(logits, trained, 1e-5);
            }
            if (!kind.equals("bias of B")) {
                try (MergedModel merged = lora.merge(Routing.of("a"))) {
                    Numbers.assertClose(logits, merged.forward(store, ids(), false).head(), 1e-5);
                }
            }
            lora.save("a", folder.resolve("saved" + round));
            lora.load("loaded" + round, folder.resolve("saved" + round));
            Numbers.assertClose(logits, forward(lora, "loaded" + round), 1e-5);
            scramble(expected, 6);
            logits = Numbers.matrix(forward(lora, "expected"));
        }
    }

    static Stream<Object[]> trainings() {
        Tracker rate = Tracker.fixed(0.1f);
        Tracker fast = Tracker.fixed(2);
        Map<String, Optimizer> optimizers = new LinkedHashMap<>(); // all that PyTorch has
        optimizers.put("SGD", Optimizer.sgd().setLearningRateTracker(fast).build());
        Sgd.Builder momentum = Optimizer.sgd().setLearningRateTracker(fast);
        optimizers.put("SGD with momentum", momentum.optMomentum(0.9f).build());
        optimizers.put("Adam", Optimizer.adam().optLearningRateTracker(rate).build());
        optimizers.put("AdamW", Optimizer.adamW().optLearningRateTracker(rate).build());
        return optimizers.entrySet().stream()
                .flatMap(
                        optimizer ->
                                Stream.of("pair", "DoRA", "copy", "rows", "parameter")
                                        .map(k -> of(optimizer.getKey(), k, optimizer.getValue())));
    }

    @ParameterizedTest
    @MethodSource("trainings")
    void whatDjlsTrainerTrains_isWhatIsEvaluatedServedMergedAndSaved(
            String name, String kind, Optimizer optimizer) throws IOException {
        LoraModel lora = wrapToy(false);
        AdapterState adapter = (AdapterState) lora.create("a", kind(kind).build(), 2);
        scramble(adapter, 9);
        lora.create("other", config("proj").build(), 3);
        Routing mixed = Routing.rows("a", "a");
        double[][] before = Numbers.matrix(forward(lora, "a"));
        lora.forward(store, ids(), mixed);
        try (Model model = Model.newInstance("toy")) {
            model.setBlock(lora.routed(Routing.of("a")));
            DefaultTrainingConfig config =
                    new DefaultTrainingConfig(Loss.l2Loss())
                            .optOptimizer(optimizer)
                            .optDevices(new Device[] {manager.getDevice()});
            try (Trainer trainer = model.newTrainer(config)) {
                for (int step = 0; step < 3; step++) {
                    try (GradientCollector collector = trainer.newGradientCollector()) {
                        NDArray y = trainer.forward(ids()).head();
                        NDList zeros = new NDList(manager.zeros(y.getShape()));
                        collector.backward(trainer.getLoss().evaluate(zeros, new NDList(y)));
                    }
                    trainer.step();
                    lora.forward(store, ids(), mixed); // which caches
                }
                double[][] trained = Numbers.matrix(trainer.forward(ids()).head());
                assertThrows(
                        AssertionError.class,
                        () -> Numbers.assertClose(before, trainer.evaluate(ids()).head(), 1e-4),
                        name);
                Numbers.assertClose(trained, trainer.evaluate(ids()).head(), 1e-5);
                checkEverywhere(lora, trained, mixed);
            }
            checkEverywhere(lora, Numbers.matrix(forward(lora, "a")), mixed);
        }
    }

    private void checkEverywhere(LoraModel lora, double[][] logits, Routing mixed)
            throws IOException {
        Numbers.assertClose(logits, forward(lora, "a"), 1e-5);
        Numbers.assertClose(logits, lora.forward(store, ids(), mixed).head(), 1e-5);
        try (MergedModel merged = lora.merge(Routing.of("a"))) {
            Numbers.assertClose(logits, merged.forward(store, ids(), false).head(), 1e-5);
        }
        Path saved = Files.createTempDirectory(folder, "trained").resolve("a");
        lora.save("a", saved);
        lora.load("loaded", saved);
        Numbers.assertClose(logits, forward(lora, "loaded"), 1e-5);
        lora.remove("loaded");
    }

    /** DJL refuses it, so that a parameter and its array cannot part. */
    @Test
    void anotherArray_isRefusedByTheParameter() {
        LoraModel lora = wrapToy(false);
        AdapterState adapter = (AdapterState) lora.create("a", config("proj").build());
        Parameter b = adapter.pairs().get(0).loraB();
        NDArray other = manager.zeros(b.getArray().getShape());
        assertThrows(IllegalStateException.class, () -> b.setArray(other));
    }

    @Test
    void whatIsWritten_givesTheNumbersWorkedByHand() {
        LoraModel lora = wrapToy(false);
        AdapterState adapter = (AdapterState) lora.create("a", config("proj").build());
        Parameter b = adapter.pairs().get(0).loraB();
        b.getArray().set(Numbers.fill(b.getArray().getShape(), 3));
        double[][] expected = byHand(lora, null, adapter.pairs().get(0), null);
        Numbers.assertClose(expected, forward(lora, "a"), 1e-5);
        adapter.setTrainable(false);
        b.getArray().set(Numbers.fill(b.getArray().getShape(), 4));
        expected = byHand(lora, null, adapter.pairs().get(0), null);
        Numbers.assertClose(expected, forward(lora, "a"), 1e-5);
    }

    @Test
    void doubles_areWrittenToo() {
        LoraModel lora =
                LoraModel.wrap(ToyModel.create(false, manager, DataType.FLOAT64), ToyModel::visit);
        AdapterState adapter = (AdapterState) lora.create("a", config("proj").build());
        NDArray b = adapter.pairs().get(0).loraB().getArray();
        double[] values = new double[(int) b.size()];
        Arrays.fill(values, 0.25);
        b.set(values);
        double[][] expected = byHand(lora, null, adapter.pairs().get(0), null);
        Numbers.assertClose(expected, forward(lora, "a"), 1e-12);
    }

    @Test
    void evaluatingATrainableAdapter_leavesNoArrayWithTheRequest() {
        LoraModel lora = wrapToy(false);
        lora.create("a", config("proj", "embed").build());
        try (NDManager request = manager.newSubManager()) {
            NDArray ids = request.create(IDS, new Shape(2, 3));
            lora.forward(new NDList(ids), Routing.of("a")).close();
            int before = request.getManagedArrays().size();
            for (int i = 0; i < 3; i++) {
                lora.forward(new NDList(ids), Routing.of("a")).close();
            }
            List<NDArray> after = request.getManagedArrays();
            // Each pass leaves the output of the embedding and of the layer, as the base's does.
            assertEquals(before + 3 * 2, after.size());
        }
    }

    private NDArray forward(LoraModel lora, String name) {
        return lora.forward(store, ids(), Routing.of(name)).head();
    }
}
