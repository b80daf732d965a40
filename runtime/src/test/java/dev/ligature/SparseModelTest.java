package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.plan.PairPlan;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingLoop;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A whole model that leaves out modules in some passes, by training steps and evaluations: no pass
 * of it is an error, whichever comes first.
 */
final class SparseModelTest extends ToyTest {
    private static final Routing A = Routing.of("a");

    @TempDir private Path folder;

    private SparseModel model;
    private LoraModel lora;

    @BeforeEach
    void wrap() {
        model = SparseModel.create(manager);
        lora = LoraModel.wrap(model, SparseModel::visit);
    }

    /** Creates an adapter of all modules; the readers of the shared weight have one pair. */
    private AdapterState create(String name) {
        return (AdapterState)
                lora.create(
                        name,
                        config("shared", "q", "0", "1", "trained_head")
                                .optEnsureWeightTying(true)
                                .build(),
                        7);
    }

    private NDArray evaluate() {
        return lora.forward(store, ids(), A).head();
    }

    @Test
    void theReadersOfASharedEmbedding_reachItsPair() {
        AdapterState adapter = create("a");
        PairPlan pair = adapter.plan().pairs().get(0);
        assertEquals(
                List.of("shared", "encoder.embed", "decoder.embed", "head"),
                pair.readers().stream().map(PairPlan.Reader::module).toList());
        scramble(adapter, 1);
        model.exit = 0; // which leaves the weight alone: logits = 2 E[ids] Eᵀ
        lora.routed(A).forward(store, ids(), true);
        FactorPair factors = adapter.pairs().get(0);
        double[][] table =
                Numbers.plusDelta(
                        Numbers.matrix(model.getParameters().get("01shared_weight").getArray()),
                        pair.scaling(),
                        Numbers.matrix(factors.loraB().getArray()),
                        Numbers.matrix(factors.loraA().getArray()));
        double[][] doubled =
                Arrays.stream(Numbers.rows(table, IDS))
                        .map(row -> Arrays.stream(row).map(v -> 2 * v).toArray())
                        .toArray(double[][]::new);
        Numbers.assertClose(Numbers.linear(doubled, table, new double[0]), evaluate(), 1e-5);
    }

    @Test
    void trainingStepsAndEvaluations_mayLeaveOutExpertsLayersAndHeads() {
        AdapterState adapter = create("a");
        float[][] before = values(adapter);
        TrainingConfig training = TrainingConfig.builder().optLearningRate(0.05f).build();
        try (TrainingLoop loop = TrainingLoop.over(lora.routed(A), manager, training)) {
            for (int step = 0; step < 12; step++) {
                model.expert = step / 6; // the second expert is not reached for half of the steps
                model.dropped = step % 4 - 1;
                model.exit = step % 3 + 1;
                assertTrue(Double.isFinite(loop.step(ids().head()).loss()));
                evaluate();
            }
        }
        float[][] after = values(adapter);
        for (int i = 0; i < before.length; i++) {
            assertFalse(Arrays.equals(before[i], after[i]), "nothing of it was trained");
        }
    }

    private static float[][] values(AdapterState adapter) {
        return adapter.pairs().stream()
                .map(pair -> pair.loraB().getArray().toFloatArray())
                .toArray(float[][]::new);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aLoadedAdapter_isServed_thoughOnlyTrainingCallsItsHead(int exit) throws IOException {
        scramble(create("trained"), 1);
        lora.save("trained", folder.resolve("a"));
        lora.remove("trained");
        lora.load("a", folder.resolve("a"));
        model.exit = exit;
        for (int i = 0; i < 3; i++) {
            model.expert = i % 2;
            evaluate();
            lora.forward(store, ids(), Routing.rows("a", Routing.BASE));
        }
        try (MergedModel merged = lora.merge(A)) {
            Numbers.assertClose(
                    Numbers.matrix(evaluate()), merged.forward(store, ids(), false).head(), 1e-4);
        }
    }
}
