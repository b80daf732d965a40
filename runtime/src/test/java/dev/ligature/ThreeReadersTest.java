package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.plan.PairPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One weight that an encoder, a decoder and a head read, compared with numbers by hand. */
final class ThreeReadersTest extends ToyTest {
    private static final Routing A = Routing.of("a");
    private static final long[] TARGETS = {1, 1, 2, 0, 4, 6};

    @TempDir private Path folder;

    private LoraModel wrap() {
        return LoraModel.wrap(ThreeReaders.create(manager), ThreeReaders::visit);
    }

    private NDList inputs() {
        return new NDList(ids().head(), manager.create(TARGETS, new Shape(2, 3)));
    }

    private NDArray forward(LoraModel lora, Routing routing) {
        return lora.forward(store, inputs(), routing).singletonOrThrow();
    }

    private static double[][] table(LoraModel lora) {
        return Numbers.matrix(parameter(lora, "01encoder_weight").getArray());
    }

    private static double[][] proj(LoraModel lora) {
        return Numbers.matrix(parameter(lora, "03proj_weight").getArray());
    }

    private static double[][] copy(AdapterState adapter, String name) {
        return Numbers.matrix(adapter.parameters().get(name).getArray());
    }

    private static double[][] plus(double[][] w, FactorPair pair) {
        return Numbers.plusDelta(
                w,
                pair.plan().scaling(),
                Numbers.matrix(pair.loraB().getArray()),
                Numbers.matrix(pair.loraA().getArray()));
    }

    private static double[][] sums(double[][] encoder, double[][] decoder) {
        double[][] sums = new double[IDS.length][ThreeReaders.D];
        for (int n = 0; n < IDS.length; n++) {
            for (int i = 0; i < ThreeReaders.D; i++) {
                sums[n][i] = encoder[(int) IDS[n]][i] + decoder[(int) TARGETS[n]][i];
            }
        }
        return sums;
    }

    private static double[][] logits(
            double[][] encoder, double[][] decoder, double[][] proj, double[][] head) {
        double[] none = {};
        return Numbers.linear(Numbers.linear(sums(encoder, decoder), proj, none), head, none);
    }

    private void assertMerges(LoraModel lora, double[][] logits) {
        try (MergedModel merged = lora.merge(A)) {
            Numbers.assertClose(
                    logits, merged.forward(store, inputs(), false).singletonOrThrow(), 1e-5);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"encoder", "decoder", "head"})
    void targetingOneReader_givesAllThreeOnePair_mergedOnce(String target) throws IOException {
        LoraModel lora = wrap();
        AdapterState adapter =
                (AdapterState) lora.create("a", config(target).optEnsureWeightTying(true).build());
        scramble(adapter, 1);
        assertEquals(1, adapter.pairs().size());
        assertEquals(
                List.of("encoder", "decoder", "head"),
                adapter.pairs().get(0).plan().readers().stream()
                        .map(PairPlan.Reader::module)
                        .toList());
        double[][] table = plus(table(lora), adapter.pairs().get(0));
        double[][] logits = logits(table, table, proj(lora), table);
        Numbers.assertClose(logits, forward(lora, A), 1e-5);
        assertMerges(lora, logits);
        try (MergedModel merged = lora.merge(A)) {
            Map<String, NDArray> weights = merged.weights.tensors();
            assertEquals(
                    Set.of("encoder.weight", "decoder.weight", "head.weight"), weights.keySet());
            assertSame(weights.get("encoder.weight"), weights.get("decoder.weight"));
            assertSame(weights.get("encoder.weight"), weights.get("head.weight"));
        }
        lora.save("a", folder.resolve("a"));
        lora.load("b", folder.resolve("a"));
        Numbers.assertClose(logits, forward(lora, Routing.of("b")), 1e-5);
    }

    /** The sum of the logits, by the chain rule: each reader adds to the gradient of one table. */
    @Test
    void gradientsOfAllThreeReaders_addUpInOnePair() {
        LoraModel lora = wrap();
        AdapterState adapter =
                (AdapterState)
                        lora.create("a", config("decoder").optEnsureWeightTying(true).build());
        scramble(adapter, 2);
        FactorPair pair = adapter.pairs().get(0);
        double[][] table = plus(table(lora), pair);
        double[][] p = proj(lora);
        double[][] mixed = Numbers.linear(sums(table, table), p, new double[0]);
        int d = ThreeReaders.D;
        double[][] byTable = new double[ThreeReaders.V][d];
        for (int i = 0; i < d; i++) {
            double up = 0; // of the sum of two rows, the same for each position
            for (double[] row : table) {
                for (int o = 0; o < d; o++) {
                    up += row[o] * p[o][i];
                }
            }
            for (int n = 0; n < IDS.length; n++) {
                byTable[(int) IDS[n]][i] += up;
                byTable[(int) TARGETS[n]][i] += up;
                for (double[] row : byTable) {
                    row[i] += mixed[n][i]; // the head's
                }
            }
        }
        double[][] a = Numbers.matrix(pair.loraA().getArray()); // (r, d)
        double[][] b = Numbers.matrix(pair.loraB().getArray()); // (V, r)
        double[][] byA = new double[2][d];
        double[][] byB = new double[ThreeReaders.V][2];
        for (int r = 0; r < 2; r++) {
            for (int v = 0; v < ThreeReaders.V; v++) {
                for (int i = 0; i < d; i++) {
                    byA[r][i] += 1.5 * b[v][r] * byTable[v][i];
                    byB[v][r] += 1.5 * byTable[v][i] * a[r][i];
                }
            }
        }
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            collector.backward(lora.routed(A).forward(store, inputs(), true).head().sum());
        }
        try (NDArray foundA = pair.loraA().getArray().getGradient();
                NDArray foundB = pair.loraB().getArray().getGradient()) {
            Numbers.assertClose(byA, foundA, 1e-5);
            Numbers.assertClose(byB, foundB, 1e-5);
        }
    }

    @Test
    void withTheFlagOff_eachNamedReaderHasItsOwn() {
        LoraModel lora = wrap();
        AdapterState adapter =
                (AdapterState) lora.create("a", config("encoder", "decoder").build());
        scramble(adapter, 3);
        assertEquals(2, adapter.pairs().size());
        double[][] w = table(lora);
        Numbers.assertClose(
                logits(
                        plus(w, adapter.pairs().get(0)),
                        plus(w, adapter.pairs().get(1)),
                        proj(lora),
                        w),
                forward(lora, A),
                1e-5);
        LoraModelTest.assertCode("LoraTieTreatedDifferently", () -> lora.merge(A));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aSavedDecoder_isACopyForAllOrForItAlone(boolean tying) throws IOException {
        LoraModel lora = wrap();
        LoraConfig config =
                config("proj").optModulesToSave("decoder").optEnsureWeightTying(tying).build();
        AdapterState adapter = (AdapterState) lora.create("a", config);
        scramble(adapter, 4);
        double[][] w = table(lora);
        double[][] p = plus(proj(lora), adapter.pairs().get(0));
        double[][] own = copy(adapter, tying ? "encoder.weight" : "decoder.weight");
        double[][] logits = tying ? logits(own, own, p, own) : logits(w, own, p, w);
        Numbers.assertClose(logits, forward(lora, A), 1e-5);
        if (tying) {
            assertMerges(lora, logits);
        }
        lora.save("a", folder.resolve("a"));
        lora.load("b", folder.resolve("a"));
        Numbers.assertClose(logits, forward(lora, Routing.of("b")), 1e-5);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void tokenRowsOfTheDecoder_areForAllOrForItAlone(boolean tying) throws IOException {
        LoraModel lora = wrap();
        LoraConfig config =
                config("proj")
                        .optTrainableTokenIndices(Map.of("decoder", List.of(1, 3)))
                        .optEnsureWeightTying(tying)
                        .build();
        AdapterState adapter = (AdapterState) lora.create("a", config);
        scramble(adapter, 5);
        double[][] w = table(lora);
        double[][] p = plus(proj(lora), adapter.pairs().get(0));
        double[][] rows = Numbers.matrix(adapter.tokenRows().get(0).parameter().getArray());
        double[][] own = w.clone();
        own[1] = rows[0];
        own[3] = rows[1];
        double[][] logits = tying ? logits(own, own, p, own) : logits(w, own, p, w);
        Numbers.assertClose(logits, forward(lora, A), 1e-5);
        if (tying) {
            assertMerges(lora, logits);
        }
        lora.save("a", folder.resolve("a"));
        lora.load("b", folder.resolve("a"));
        Numbers.assertClose(logits, forward(lora, Routing.of("b")), 1e-5);
    }

    @Test
    void anUntiedDecoder_hasAWeightOfItsOwn() {
        ThreeReaders model = ThreeReaders.create(manager);
        LoraModel.untieBase(model, ThreeReaders::visit, "decoder");
        LoraModel lora = LoraModel.wrap(model, ThreeReaders::visit);
        AdapterState adapter = (AdapterState) lora.create("a", config("decoder").build());
        scramble(adapter, 6);
        double[][] w = table(lora);
        double[][] logits = logits(w, plus(w, adapter.pairs().get(0)), proj(lora), w);
        Numbers.assertClose(logits, forward(lora, A), 1e-5);
        assertMerges(lora, logits);
        LoraModelTest.assertCode(
                "LoraUntie",
                () ->
                        LoraModel.untieBase(
                                ThreeReaders.create(manager), ThreeReaders::visit, "proj"));
    }

    @Test
    void aTieWhoseConditionIsFalse_isNone() {
        LoraModel lora = wrapToy(false);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a", config("embed", "head").optEnsureWeightTying(true).build());
        scramble(adapter, 7);
        assertTrue(
                adapter.plan().warnings().stream().anyMatch(w -> w.code().equals("LoraNoTie")),
                "" + adapter.plan().warnings());
        assertEquals(2, adapter.pairs().size());
        double[][] logits = byHand(lora, adapter.pairs().get(0), null, adapter.pairs().get(1));
        Numbers.assertClose(logits, lora.forward(store, ids(), A).head(), 1e-5);
        try (MergedModel merged = lora.merge(A)) {
            Numbers.assertClose(logits, merged.forward(store, ids(), false).head(), 1e-5);
        }
        float[] before = lora.forward(store, ids(), Routing.none()).head().toFloatArray();
        assertArrayEquals(before, lora.base().forward(store, ids(), false).head().toFloatArray());
    }
}
