package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.training.StepMetrics;
import dev.ligature.training.TokenBatch;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import dev.ligature.training.TrainingLoop;
import dev.ligature.training.TrainingMemory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Adapters of the head train as ever where it is applied to some of the tokens at a time. */
final class ChunkedHeadTest extends ToyTest {
    private static final TrainingMemory ONE_TOKEN = TrainingMemory.DEFAULT.withLogitBytes(1);

    /** What an adapter does at a head that is tied to the embedding or not. */
    private record Case(String name, boolean tied, boolean pastField, LoraConfig config) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Case> cases() {
        return Stream.of(
                new Case("below the head", true, false, config("proj").build()),
                new Case("head alone", false, false, config("head").build()),
                new Case("tied pair", true, false, tied("embed", "proj")),
                new Case("tied pair, read as W + ΔW", true, true, tied("embed", "proj")),
                new Case("DoRA", false, false, config("head", "proj").optUseDora(true).build()),
                new Case(
                        "copy of the head",
                        false,
                        false,
                        config("proj").optModulesToSave("head").build()),
                new Case(
                        "token rows",
                        true,
                        false,
                        config("proj").optTrainableTokenIndices(List.of(1, 3, 5)).build()));
    }

    private static LoraConfig tied(String... targets) {
        return config(targets).optEnsureWeightTying(true).build();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void oneTokenAtATime_trainsWhatAllAtOnceDo(Case each) {
        Map<String, float[]> expected = trained(each, TrainingMemory.DEFAULT, DataType.FLOAT32);
        Map<String, float[]> actual = trained(each, ONE_TOKEN, DataType.FLOAT32);
        assertEquals(expected.keySet(), actual.keySet());
        expected.forEach(
                (name, values) -> assertArrayEquals(values, actual.get(name), 1e-6f, name));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void soItIsOnAHalfBase_butForRounding(Case each) {
        Map<String, float[]> expected = trained(each, TrainingMemory.DEFAULT, DataType.FLOAT16);
        Map<String, float[]> actual = trained(each, ONE_TOKEN, DataType.FLOAT16);
        expected.forEach(
                (name, values) -> assertArrayEquals(values, actual.get(name), 2e-3f, name));
    }

    private Map<String, float[]> trained(Case each, TrainingMemory memory, DataType type) {
        ToyModel model = ToyModel.create(each.tied, manager, type);
        model.headPastItsField = each.pastField;
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        AdapterState adapter = (AdapterState) lora.create("a", each.config);
        scramble(adapter, 1);
        NDArray ids = ids().head();
        NDArray labels = manager.create(new long[] {0, 0, -100, 5, 3, 1}, new Shape(2, 3));
        TrainingConfig config =
                TrainingConfig.builder()
                        .optOptimizer(OptimizerKind.SGD)
                        .optLearningRate(0.1)
                        .optMemory(memory)
                        .build();
        Map<String, float[]> values = new LinkedHashMap<>();
        try (TrainingLoop loop = TrainingLoop.over(lora.routed(Routing.of("a")), manager, config)) {
            for (int i = 0; i < 2; i++) {
                StepMetrics metrics =
                        loop.step(List.of(TokenBatch.of(ids), new TokenBatch(ids, labels)));
                values.put("loss " + i, new float[] {(float) metrics.loss()});
            }
        }
        for (Pair<String, Parameter> named : adapter.parameters()) {
            values.put(named.getKey(), named.getValue().getArray().toFloatArray());
        }
        return values;
    }

    @Test
    void rowsOfSeveralAdapters_areEvaluatedTogether() {
        LoraModel lora = wrapToy(false);
        for (String name : List.of("a", "b")) {
            scramble(
                    (AdapterState) lora.create(name, config("head", "proj").build()),
                    name.charAt(0));
        }
        NDArray ids = ids().head();
        double[] losses = new double[2];
        for (int i = 0; i < 2; i++) {
            TrainingConfig config =
                    TrainingConfig.builder()
                            .optMemory(i == 0 ? TrainingMemory.DEFAULT : ONE_TOKEN)
                            .build();
            try (TrainingLoop loop =
                    TrainingLoop.over(lora.routed(Routing.rows("a", "b")), manager, config)) {
                losses[i] = loop.evaluate(List.of(ids));
            }
        }
        assertEquals(losses[0], losses[1], 1e-6);
    }
}
