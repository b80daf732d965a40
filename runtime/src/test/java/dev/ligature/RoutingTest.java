package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.ParameterList;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.adapter.FactorPair;
import dev.ligature.internal.route.Route;
import dev.ligature.internal.route.RoutedBlock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

final class RoutingTest extends ToyTest {
    @Test
    void routings_areValues_andTellWhatTheyName() {
        assertEquals(Routing.of("a"), Routing.weighted(Map.of("a", 1.0)));
        assertEquals(Routing.rows("a", "b"), Routing.rows(List.of("a", "b")));
        assertEquals(Routing.rows("a", "b").hashCode(), Routing.rows("a", "b").hashCode());
        assertNotEquals(Routing.rows("a", "b"), Routing.rows("b", "a"));
        assertNotEquals(Routing.of("a"), Routing.rows("a"));
        assertNotEquals(Routing.rowsByHandle(1), Routing.rowsByHandle(2));
        assertEquals(Optional.of("a"), Routing.of("a").adapter());
        assertEquals(Optional.empty(), Routing.rows("a").adapter());
        assertEquals(Set.of("a", "b"), Routing.rows("a", Routing.BASE, "b", "a").adapters());
        assertEquals(Set.of(), Routing.none().adapters());
        Map<String, Double> weights = new LinkedHashMap<>();
        weights.put("a", 0.5);
        weights.put("b", 1.0);
        assertEquals("Routing(0.5 · a + b)", Routing.weighted(weights).toString());
        assertEquals("Routing(rows a, __base__)", Routing.rows("a", Routing.BASE).toString());
        assertEquals("Routing(handles 3, 0)", Routing.rowsByHandle(3, 0).toString());
    }

    @Test
    void routingsThatMakeNoSense_areRefused() {
        LoraModelTest.assertCode("LoraRoutingEmpty", () -> Routing.weighted(Map.of()));
        LoraModelTest.assertCode("LoraRoutingEmpty", () -> Routing.rows(new String[0]));
        LoraModelTest.assertCode("LoraRoutingEmpty", () -> Routing.rowsByHandle());
        LoraException weight =
                LoraModelTest.assertCode(
                        "LoraRoutingWeight", () -> Routing.weighted(Map.of("a", Double.NaN)));
        assertEquals(
                "[LoraRoutingWeight] The weight of adapter a is NaN. Give a finite number.",
                weight.getMessage());
        LoraModelTest.assertCode("LoraAdapterName", () -> Routing.rows("a", "__main__"));
        LoraModelTest.assertCode("LoraAdapterName", () -> Routing.of(Routing.BASE));
    }

    @Test
    void unknownNamesAndHandles_areErrorsThatListTheNearest() {
        LoraModel lora = wrapToy(true);
        AdapterState legal = (AdapterState) lora.create("legal", config("proj").build());

        for (Routing routing :
                List.of(
                        Routing.of("leagl"),
                        Routing.weighted(Map.of("leagl", 2.0)),
                        Routing.rows("legal", "leagl"))) {
            LoraException error =
                    LoraModelTest.assertCode("LoraUnknownAdapter", () -> lora.routed(routing));
            assertTrue(error.getMessage().contains("Did you mean legal?"), error.getMessage());
        }
        LoraException error =
                LoraModelTest.assertCode(
                        "LoraUnknownAdapter",
                        () -> lora.routed(Routing.rowsByHandle(Long.MAX_VALUE)));
        assertTrue(
                error.getMessage().endsWith("Known: " + legal.handle() + " legal."),
                error.getMessage());
    }

    @Test
    void aLongListOfAdapters_isCutShortInAnError() {
        LoraModel lora = wrapToy(true);
        for (int i = 10; i < 23; i++) {
            lora.create("a" + i, config("proj").build());
        }
        LoraException error =
                LoraModelTest.assertCode(
                        "LoraUnknownAdapter", () -> lora.routed(Routing.of("zzzzzzz")));
        assertTrue(
                error.getMessage()
                        .endsWith("a10, a11, a12, a13, a14, a15, a16, a17, a18, a19 and 3 more."),
                error.getMessage());
    }

    @Test
    @Tag("D11b")
    void aWeight_multipliesTheScaling_ofLinearsAndEmbeddingsAlike() {
        LoraModel lora = wrapToy(true);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a", config("embed", "proj").optEnsureWeightTying(true).build());
        scramble(adapter, 1);
        FactorPair tied = adapter.pairs().get(0);
        FactorPair proj = adapter.pairs().get(1);

        for (double weight : new double[] {0, 0.5, -3}) {
            NDArray logits =
                    lora.forward(store, ids(), Routing.weighted(Map.of("a", weight))).head();
            Numbers.assertClose(
                    byHand(
                            lora,
                            List.of(new Term(weight, tied)),
                            List.of(new Term(weight, proj)),
                            List.of(new Term(weight, tied))),
                    logits,
                    1e-5);
        }
        NDArray once = lora.forward(store, ids(), Routing.weighted(Map.of("a", 1.0))).head();
        assertArrayEquals(
                lora.forward(store, ids(), Routing.of("a")).head().toFloatArray(),
                once.toFloatArray());
    }

    @Test
    void severalWithWeights_addUp_inSlots_inViews_andMerged() {
        LoraModel lora = wrapToy(true);
        AdapterState a =
                (AdapterState)
                        lora.create(
                                "a", config("embed", "proj").optEnsureWeightTying(true).build());
        AdapterState b =
                (AdapterState) lora.create("b", config("embed").optEnsureWeightTying(true).build());
        scramble(a, 1);
        scramble(b, 2);
        List<Term> tied = List.of(new Term(0.5, a.pairs().get(0)), new Term(2, b.pairs().get(0)));
        List<Term> proj = List.of(new Term(0.5, a.pairs().get(1)));
        double[][] expected = byHand(lora, tied, proj, tied);
        Routing both = Routing.weighted(Map.of("a", 0.5, "b", 2.0));

        Numbers.assertClose(expected, lora.forward(store, ids(), both).head(), 1e-5);
        try (MergedModel merged = lora.merge(both, MergeOptions.SAFE)) {
            assertEquals(
                    Set.of("embed.weight", "proj.weight", "head.weight"),
                    merged.weights.tensors().keySet());
            assertSame(
                    merged.weights.tensors().get("embed.weight"),
                    merged.weights.tensors().get("head.weight"));
            Numbers.assertClose(expected, merged.forward(store, ids(), false).head(), 1e-5);
        }
        ((ToyModel) lora.base()).headPastItsField = true;
        Numbers.assertClose(expected, lora.forward(store, ids(), both).head(), 1e-5);
    }

    @Test
    void dora_cannotBeSummedWithOthersAtItsModule() {
        LoraModel lora = wrapToy(false);
        lora.create("dora", config("proj").optUseDora(true).build());
        lora.create("same", config("proj").build());
        lora.create("elsewhere", config("embed").build());

        LoraException error =
                LoraModelTest.assertCode(
                        "LoraAdaptersConflict",
                        () -> lora.routed(Routing.weighted(Map.of("dora", 1.0, "same", 1.0))));
        assertTrue(
                error.getMessage().contains("Adapter dora uses DoRA at module proj"),
                error.getMessage());
        lora.routed(Routing.weighted(Map.of("dora", 1.0, "elsewhere", 1.0)))
                .forward(store, ids(), false);
    }

    @Test
    void aRoutedBlockOfSeveral_showsTheParametersOfEachTrainableOne() {
        LoraModel lora = wrapToy(true);
        lora.create("a", config("proj").build());
        lora.create("b", config("proj").build());
        Block both = lora.routed(Routing.weighted(Map.of("a", 1.0, "b", 1.0)));
        int base = lora.getParameters().size();

        ParameterList parameters = both.getParameters();
        assertEquals(base + 4, parameters.size());
        assertTrue(parameters.keys().contains("a.proj.lora_A"), parameters.keys().toString());
        lora.adapter("a").setTrainable(false);
        assertEquals(base + 2, both.getParameters().size());
    }

    @Test
    void removingOneOfSeveral_endsTheirRoutedBlock_andFreesTheOther() {
        LoraModel lora = wrapToy(true);
        int before = manager.getParentManager().getManagedArrays().size();
        lora.create("a", config("proj").build());
        lora.create("b", config("proj").build());
        Block both = lora.routed(Routing.rows("a", "b"));
        lora.remove("b");

        LoraModelTest.assertCode(
                "LoraAdapterRemoved",
                () -> {
                    try (var request = manager.newSubManager()) {
                        both.forward(store, new NDList(request.ones(new Shape(2, 3))), false);
                    }
                });
        lora.remove("a");
        assertEquals(before, manager.getParentManager().getManagedArrays().size());
    }

    @Test
    void oneRoute_servesAllRequestsOfARouting_untilAnAdapterOfItIsRemoved() {
        LoraModel lora = wrapToy(true);
        lora.create("a", config("proj").build());

        Route first = route(lora, Routing.of("a"));
        assertSame(first, route(lora, Routing.of("a")));
        lora.remove("a");
        LoraModelTest.assertCode("LoraUnknownAdapter", () -> route(lora, Routing.of("a")));
        lora.create("a", config("proj").build());
        assertNotSame(first, route(lora, Routing.of("a")));
    }

    @Test
    void weightsOfARouting_areInTheRoute_andBindNoAdapterAnew() {
        LoraModel lora = wrapToy(true);
        lora.create("a", config("proj").build());
        Route plain = route(lora, Routing.of("a"));
        Route half = route(lora, Routing.weighted(Map.of("a", 0.5)));
        assertSame(plain.terms().get(0).adapter(), half.terms().get(0).adapter());
        assertEquals(0.5, half.terms().get(0).factor());
    }

    @Test
    void rowsOfAdapters_areThoseOfTheirNames_alsoAfterARename() {
        LoraModel lora = wrapToy(true);
        Adapter a = lora.create("a", config("proj").build());
        Adapter b = lora.create("b", config("proj").build());
        scramble((AdapterState) a, 1);
        scramble((AdapterState) b, 2);
        NDList batch = new NDList(manager.create(new long[] {3, 0, 6}, new Shape(3, 1)));
        float[] expected =
                lora.forward(batch, Routing.rows("b", Routing.BASE, "a")).head().toFloatArray();

        Routing rows = Routing.rows(b, null, a);
        lora.rename("b", "c");

        assertEquals(Routing.rowsByHandle(b.handle(), 0, a.handle()), rows);
        assertArrayEquals(expected, lora.forward(batch, rows).head().toFloatArray());
        LoraModelTest.assertCode("LoraRoutingEmpty", () -> Routing.rows(new Adapter[0]));
    }

    private static Route route(LoraModel lora, Routing routing) {
        return ((RoutedBlock) lora.routed(routing)).route();
    }
}
