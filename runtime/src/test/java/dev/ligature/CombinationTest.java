package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.config.LoraInit;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Several adapters made one, compared with PEFT's numbers; the resource says how they were made.
 */
final class CombinationTest extends ToyTest {
    private static final Path PEFT = Path.of("src/test/resources/combination");
    private static final Map<String, Double> WEIGHTS = weights("a", 0.7, "b", -0.4, "c", 1.3);
    private static final List<String> MODULES = List.of("embed", "proj", "head");

    private static Map<String, Double> weights(Object... namesAndWeights) {
        Map<String, Double> weights = new LinkedHashMap<>();
        for (int i = 0; i < namesAndWeights.length; i += 2) {
            weights.put((String) namesAndWeights[i], (Double) namesAndWeights[i + 1]);
        }
        return weights;
    }

    private LoraModel withPeftsAdapters() throws IOException {
        LoraModel lora = wrapToy(false);
        for (String name : WEIGHTS.keySet()) {
            lora.load(name, PEFT.resolve(name));
        }
        return lora;
    }

    /** Returns s B A of a module, (out, in). */
    private double[][] update(AdapterState adapter, String module) {
        for (FactorPair pair : adapter.pairs()) {
            if (pair.plan().name().equals(module)) {
                try (NDManager scope = NDManager.newBaseManager()) {
                    return Numbers.matrix(pair.detached(scope).delta(false, scope));
                }
            }
        }
        throw new AssertionError("no pair of " + module);
    }

    @Test
    void zeroAdapters_countAsZeros_inEachWay() {
        LoraModel lora = wrapToy(false);
        lora.create("zero", config("proj", "head").build()); // its B is zero
        lora.create("nought", config("proj").build());
        AdapterState adapter = (AdapterState) lora.create("a", config("proj", "head").build());
        scramble(adapter, 3);
        for (Combination way :
                List.of(
                        Combination.svd(),
                        Combination.svd().withRank(1),
                        Combination.svd().withRank(7),
                        Combination.ties(0.5).withSvd(),
                        Combination.magnitudePrune(0.5).withSvd())) {
            Map<String, Double> zeros = Map.of("zero", 1.0, "nought", -2.0);
            AdapterState sum = (AdapterState) lora.addWeightedAdapter(zeros, "none", way);
            for (String module : List.of("proj", "head")) {
                for (double[] row : update(sum, module)) {
                    assertArrayEquals(new double[row.length], row, 1e-12, way.toString());
                }
            }
            lora.remove("none");
        }
        Map<String, Double> one = weights("zero", 2.0, "a", 1.0, "nought", 1.0);
        AdapterState same = (AdapterState) lora.addWeightedAdapter(one, "same", Combination.svd());
        for (String module : List.of("proj", "head")) {
            double[][] expected = update(adapter, module);
            double[][] found = update(same, module);
            for (int i = 0; i < expected.length; i++) {
                assertArrayEquals(expected[i], found[i], 1e-5, module);
            }
        }
    }

    @Test
    void whatIsNotRandom_isPeftsToTheNumber() throws IOException {
        LoraModel lora = withPeftsAdapters();
        Map<String, Combination> ways = new LinkedHashMap<>();
        ways.put("linear", Combination.linear());
        ways.put("cat", Combination.cat());
        ways.put("ties", Combination.ties(0.6));
        ways.put(
                "ties_frequency",
                Combination.ties(0.6).withMajoritySign(Combination.MajoritySign.FREQUENCY));
        ways.put("magnitude_prune", Combination.magnitudePrune(0.6));
        ways.put("dare_linear_whole", Combination.dareLinear(1, 0));
        ways.put("dare_ties_whole", Combination.dareTies(1, 0));
        ways.put("svd", Combination.svd());
        ways.put("ties_svd", Combination.ties(0.6).withRank(2));
        ways.put("magnitude_prune_svd", Combination.magnitudePrune(0.6).withSvd());
        try (SafetensorsReader expected =
                SafetensorsReader.open(PEFT.resolve("expected.safetensors"))) {
            for (Map.Entry<String, Combination> way : ways.entrySet()) {
                AdapterState made =
                        (AdapterState)
                                lora.addWeightedAdapter(WEIGHTS, way.getKey(), way.getValue());
                for (String module : MODULES) {
                    NDArray peft = expected.read(way.getKey() + "." + module, manager);
                    try (NDArray ours =
                            manager.create(flat(update(made, module)), peft.getShape())) {
                        Numbers.assertClose(Numbers.matrix(peft), ours, 1e-5);
                    }
                }
            }
        }
    }

    private static double[] flat(double[][] rows) {
        return java.util.Arrays.stream(rows).flatMapToDouble(java.util.Arrays::stream).toArray();
    }

    /** PEFT multiplies by s once more: at s 1.5 its update is 1.5 times this. */
    @Test
    void theSvdFormOfOneAdapter_isThatAdapter_scaledOnce() throws IOException {
        LoraModel lora = withPeftsAdapters();
        AdapterState same =
                (AdapterState) lora.addWeightedAdapter(Map.of("a", 1.0), "same", Combination.svd());

        assertEquals(1.5, ((AdapterState) lora.adapter("a")).pairs().get(0).plan().scaling());
        for (String module : MODULES) {
            try (NDArray ours = matrix(update(same, module))) {
                Numbers.assertClose(update((AdapterState) lora.adapter("a"), module), ours, 1e-5);
            }
        }
    }

    /** PEFT keeps use_rslora with alpha r, so that what is scaled already is scaled by √r again. */
    @Test
    void combiningRsloraAdapters_doesNotScaleAgain() throws IOException {
        LoraModel lora = withPeftsAdapters();
        assertTrue(lora.adapter("c").config().useRslora());
        AdapterState made =
                (AdapterState)
                        lora.addWeightedAdapter(
                                weights("c", 1.0, "a", 0.0), "made", Combination.cat());

        assertFalse(made.config().useRslora());
        for (String module : List.of("embed", "proj")) {
            try (NDArray ours = matrix(update(made, module))) {
                Numbers.assertClose(update((AdapterState) lora.adapter("c"), module), ours, 1e-5);
            }
        }
    }

    private NDArray matrix(double[][] rows) {
        return manager.create(flat(rows), new Shape(rows.length, rows[0].length));
    }

    @Test
    void cat_isTheSumThatARoutingWithWeightsGives_andIsSavedAndLoaded(@TempDir Path directory)
            throws IOException {
        LoraModel lora = withPeftsAdapters();
        lora.addWeightedAdapter(WEIGHTS, "cat", Combination.cat());
        double[][] sum =
                Numbers.matrix(lora.forward(store, ids(), Routing.weighted(WEIGHTS)).head());
        Numbers.assertClose(sum, lora.forward(store, ids(), Routing.of("cat")).head(), 1e-5);

        lora.save("cat", directory.resolve("cat"));
        lora.load("again", directory.resolve("cat"));
        assertArrayEquals(
                lora.forward(store, ids(), Routing.of("cat")).head().toFloatArray(),
                lora.forward(store, ids(), Routing.of("again")).head().toFloatArray());
    }

    @Test
    void aTiedPair_staysOne() {
        LoraModel lora = wrapToy(true);
        scramble(
                (AdapterState) lora.create("a", config("embed").optEnsureWeightTying(true).build()),
                1);
        scramble(
                (AdapterState)
                        lora.create("b", config("proj", "head").optEnsureWeightTying(true).build()),
                2);
        scramble((AdapterState) lora.create("untied", config("embed", "head").build()), 3);
        Map<String, Double> both = weights("a", 0.5, "b", 2.0);

        AdapterState made =
                (AdapterState) lora.addWeightedAdapter(both, "made", Combination.svd().withRank(4));

        assertEquals(2, made.pairs().size());
        double[][] sum = Numbers.matrix(lora.forward(store, ids(), Routing.weighted(both)).head());
        Numbers.assertClose(sum, lora.forward(store, ids(), Routing.of("made")).head(), 1e-5);
        LoraException error =
                LoraModelTest.assertCode(
                        "LoraCombinationTie",
                        () ->
                                lora.addWeightedAdapter(
                                        weights("a", 1.0, "untied", 1.0), "no", Combination.cat()));
        assertTrue(
                error.getMessage().contains("untied has no one pair for all"), error.getMessage());
    }

    @Test
    void dare_keepsARandomPart_dividedByTheDensity_theSameForASeed() throws IOException {
        LoraModel lora = withPeftsAdapters();
        Map<String, Double> one = Map.of("a", 1.0);
        AdapterState first =
                (AdapterState)
                        lora.addWeightedAdapter(one, "first", Combination.dareLinear(0.5, 7));
        AdapterState same =
                (AdapterState) lora.addWeightedAdapter(one, "same", Combination.dareLinear(0.5, 7));
        AdapterState other =
                (AdapterState)
                        lora.addWeightedAdapter(one, "other", Combination.dareLinear(0.5, 8));
        float[] kept = first.pairs().get(1).loraA().getArray().toFloatArray();

        assertArrayEquals(kept, same.pairs().get(1).loraA().getArray().toFloatArray());
        assertFalse(
                java.util.Arrays.equals(
                        kept, other.pairs().get(1).loraA().getArray().toFloatArray()));
        float[] source =
                ((AdapterState) lora.adapter("a")).pairs().get(1).loraA().getArray().toFloatArray();
        int zeros = 0;
        for (int i = 0; i < kept.length; i++) {
            zeros += kept[i] == 0 ? 1 : 0;
            double scaled = Math.sqrt(1.5) * source[i] / 0.5;
            assertTrue(kept[i] == 0 || Math.abs(kept[i] - scaled) < 1e-5, kept[i] + " " + scaled);
        }
        assertTrue(zeros > 0 && zeros < kept.length, zeros + " of " + kept.length);
    }

    @Test
    void whatCannotBeCombined_isRefused_andNothingIsLeft() throws IOException {
        LoraModel lora = withPeftsAdapters();
        lora.create("wide", config("proj").optRank(3).build());
        lora.create("dora", config("proj").optUseDora(true).build());
        lora.create("pissa", config("proj").optInit(LoraInit.PISSA).build());
        lora.create("saved", config("proj").optModulesToSave("head").build());
        lora.create("tokens", config("proj").optTrainableTokenIndices(1).build());
        lora.create("biased", config("proj").optLoraBias(true).build());
        int before = manager.getParentManager().getManagedArrays().size();

        LoraModelTest.assertCode(
                "LoraUnknownAdapter",
                () -> lora.addWeightedAdapter(Map.of("x", 1.0), "y", Combination.cat()));
        LoraModelTest.assertCode(
                "LoraAdapterExists",
                () -> lora.addWeightedAdapter(Map.of("a", 1.0), "b", Combination.cat()));
        LoraException ranks =
                LoraModelTest.assertCode(
                        "LoraCombinationRanks",
                        () ->
                                lora.addWeightedAdapter(
                                        weights("a", 1.0, "wide", 1.0), "y", Combination.linear()));
        assertTrue(
                ranks.getMessage().contains("a, wide have the ranks [2, 3]"), ranks.getMessage());
        for (Map.Entry<String, String> has :
                Map.of(
                                "dora", "DoRA at module proj",
                                "pissa", "factors that count",
                                "saved", "a copy of head",
                                "tokens", "token rows of embed",
                                "biased", "lora_bias at module proj")
                        .entrySet()) {
            LoraException error =
                    LoraModelTest.assertCode(
                            "LoraCombinationUnsupported",
                            () ->
                                    lora.addWeightedAdapter(
                                            Map.of(has.getKey(), 1.0), "y", Combination.svd()));
            assertTrue(error.getMessage().contains(has.getValue()), error.getMessage());
        }
        assertEquals(before, manager.getParentManager().getManagedArrays().size());
        assertFalse(lora.adapterNames().contains("y"));
    }

    @Test
    void combinationsThatMakeNoSense_areRefused() {
        for (double density : new double[] {0, -0.1, 1.1, Double.NaN}) {
            LoraModelTest.assertCode("LoraDensity", () -> Combination.ties(density));
        }
        LoraModelTest.assertCode("LoraRank", () -> Combination.svd().withRank(0));
        LoraException error =
                LoraModelTest.assertCode("LoraCombinationCut", () -> Combination.cat().withSvd());
        assertTrue(error.getMessage().contains("Combination.svd()"), error.getMessage());
    }
}
