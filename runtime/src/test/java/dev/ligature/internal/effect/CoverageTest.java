package dev.ligature.internal.effect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Blocks;
import dev.ligature.Logged;
import dev.ligature.LoraException;
import dev.ligature.LoraModel;
import dev.ligature.LoraModelTest;
import dev.ligature.NamedLinears;
import dev.ligature.Numbers;
import dev.ligature.Routing;
import dev.ligature.ToyModel;
import dev.ligature.ToyTest;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.internal.route.RoutedBlock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models that leave out modules in some passes, and models that leave out one by mistake. */
final class CoverageTest extends ToyTest {
    private static final Routing A = Routing.of("a");
    private static final String[] ENCODER_DECODER = {
        "shared",
        "encoder.layers.0.q",
        "encoder.layers.0.up",
        "decoder.layers.0.q",
        "decoder.layers.0.cross.q",
        "decoder.layers.0.cross.k",
        "head"
    };

    private NamedLinears model;
    private LoraModel lora;

    /** Wraps a model of these layers, with an adapter that adapts all of them. */
    private void wrap(String... names) {
        model = NamedLinears.create(manager, names);
        lora = LoraModel.wrap(model, NamedLinears::visit);
        create("a");
    }

    private void create(String name) {
        String[] targets =
                lora.layout().modules().stream().map(m -> m.name()).toArray(String[]::new);
        scramble((AdapterState) lora.create(name, config(targets).build()), 1);
    }

    private float[] pass(Routing routing, String... called) {
        return pass(routing, false, called);
    }

    private float[] pass(Routing routing, boolean training, String... called) {
        model.called = List.of(called);
        NDList x = new NDList(manager.create(Numbers.fill(new Shape(2, 4), 1), new Shape(2, 4)));
        return lora.routed(routing).forward(store, x, training).singletonOrThrow().toFloatArray();
    }

    private void assertMissed(String module, Routing routing, String... called) {
        LoraException error =
                LoraModelTest.assertCode("LoraNeverReached", () -> pass(routing, called));
        assertTrue(error.getMessage().contains("a adapts " + module + ","), error.getMessage());
    }

    private boolean isSettled(Routing routing) {
        return ((RoutedBlock) lora.routed(routing)).route().isSettled();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anEncoder_runsBeforeItsDecoder(boolean training) {
        wrap(ENCODER_DECODER);
        float[] adapted = pass(A, training, "shared", "encoder.");
        assertFalse(Arrays.equals(adapted, pass(Routing.none(), "shared", "encoder.")));
        assertFalse(isSettled(A));
        pass(A, training, "shared", "decoder.", "head");
        assertTrue(isSettled(A));
    }

    @Test
    void aDecoder_isFoundToLeaveOutItsOwnModule_inTheFirstPass() {
        wrap(ENCODER_DECODER);
        for (int i = 0; i < 2; i++) {
            assertMissed(
                    "decoder.layers.0.cross.k, head",
                    A,
                    "shared",
                    "encoder.",
                    "decoder.layers.0.q",
                    "decoder.layers.0.cross.q");
        }
        assertMissed("head", A, "shared", "encoder.", "decoder.");
        pass(A, ENCODER_DECODER);
    }

    @Test
    void aWeighting_isFirstUsedInADecodingStep() {
        wrap(ENCODER_DECODER);
        create("b");
        pass(A, ENCODER_DECODER);
        assertTrue(isSettled(A));
        String[] step = {
            "shared", "decoder.layers.0.q", "decoder.layers.0.cross.q", "head"
        }; // with the keys of the encoder's output kept
        for (double weight : new double[] {0.5, 0.25}) {
            pass(Routing.weighted(Map.of("a", weight)), step);
        }
        pass(Routing.weighted(Map.of("a", 0.5, "b", 0.5)), step);
        pass(Routing.rows("b", "a"), step);
        assertTrue(isSettled(Routing.of("b")), "what a model uses is known for all adapters");
    }

    @Test
    void experts_getTokensInSomePasses() {
        wrap(
                "embed",
                "layers.0.gate",
                "layers.0.experts.0.up",
                "layers.0.experts.0.down",
                "layers.0.experts.1.up",
                "layers.0.experts.1.down");
        pass(A, "embed", "layers.0.gate", "layers.0.experts.0.");
        assertMissed(
                "layers.0.experts.1.down",
                A,
                "embed",
                "layers.0.gate",
                "layers.0.experts.0.",
                "layers.0.experts.1.up");
        pass(A, "embed", "layers.0.gate", "layers.0.experts.1.");
        assertTrue(isSettled(A));
    }

    @Test
    void expertsThatAreModulesOfAList_getTokensInSomePasses() {
        wrap("embed", "layers.0.gate", "layers.0.experts.0", "layers.0.experts.1", "head");
        pass(A, "embed", "layers.0.gate", "layers.0.experts.1", "head");
        assertFalse(isSettled(A));
        pass(A, "embed", "layers.0.gate", "layers.0.experts.0", "head");
        assertTrue(isSettled(A));
    }

    @Test
    void layers_areDropped_orFollowAnEarlyExit() {
        wrap("embed", "layers.0.q", "layers.0.up", "layers.1.q", "layers.1.up", "exits.0", "head");
        pass(A, true, "embed", "layers.1.", "head");
        pass(A, "embed", "layers.0.", "exits.0");
        assertTrue(isSettled(A));
        lora.unwrap();
        wrap("embed", "layers.0.q", "layers.1.q", "norm", "head");
        pass(A, "embed", "layers.0.", "norm", "head");
        pass(A, "embed", "layers.0.", "layers.1.", "head");
        assertTrue(isSettled(A));
    }

    @Test
    void aSecondHead_isKnownFromTheFirstPassThatCallsIt_ofTheBaseToo() {
        wrap("embed", "layers.0.q", "head", "other_head");
        assertMissed("other_head", A, "embed", "layers.", "head");
        pass(Routing.none(), "embed", "layers.", "other_head");
        pass(A, "embed", "layers.", "head");
        assertTrue(isSettled(A));
    }

    @Test
    void aHeadThatOnlyTrainingCalls_isLoggedOnce_whereTheAdapterIsServed() {
        String[] evaluation = {"embed", "layers.", "head"};
        wrap("embed", "layers.0.q", "head", "trained_head");
        assertMissed("trained_head", A, evaluation);
        lora.adapter("a").setTrainable(false);
        LoraModelTest.assertCode("LoraNeverReached", () -> pass(A, true, evaluation));
        String log = Logged.by(() -> pass(A, evaluation));
        assertTrue(log.contains("a adapts trained_head, which none of its first 1 passes"), log);
        assertEquals("", Logged.by(() -> pass(A, evaluation)));
        lora.adapter("a").setTrainable(true);
        pass(A, true, "embed", "layers.", "head", "trained_head");
    }

    @Test
    void aPairOfSeveralReaders_isReachedByOneOfThem() {
        ToyModel toy = ToyModel.create(true, manager, DataType.FLOAT32);
        lora = LoraModel.wrap(toy, ToyModel::visit);
        lora.create("a", config("embed", "proj").optEnsureWeightTying(true).build());
        lora.create("b", config("embed", "proj", "head").build());
        toy.head = Blocks.identityBlock();
        lora.forward(store, ids(), A);
        assertTrue(isSettled(A));
        LoraModelTest.assertCode(
                "LoraNeverReached", () -> lora.forward(store, ids(), Routing.of("b")));
    }

    @Test
    void whatNoPassReaches_isLoggedOnce() {
        wrap("embed", "layers.0.q", "layers.1.q");
        String log = Logged.by(() -> passes(Coverage.PASSES - 1));
        assertEquals("", log);
        assertFalse(isSettled(A));
        log = Logged.by(() -> passes(1));
        assertTrue(
                log.contains(
                        "[LoraUnreached] Adapter a adapts layers.1.q, which none of its first 100"
                                + " passes reached"),
                log);
        assertTrue(isSettled(A));
        assertEquals("", Logged.by(() -> passes(Coverage.PASSES)));
    }

    @Test
    void passesOfManyThreads_areCountedTogether_andLogOnce() throws Exception {
        wrap("embed", "layers.0.q", "layers.1.q");
        model.called = List.of("embed", "layers.0.q");
        ExecutorService pool = Executors.newFixedThreadPool(4);
        String log =
                Logged.by(
                        () -> {
                            List<Future<?>> running =
                                    Stream.generate(() -> pool.submit(() -> onePassOfItsOwn()))
                                            .limit(2L * Coverage.PASSES)
                                            .<Future<?>>map(future -> future)
                                            .toList();
                            for (Future<?> future : running) {
                                future.get();
                            }
                        });
        pool.shutdownNow();
        assertNotEquals(-1, log.indexOf("LoraUnreached"));
        assertEquals(log.indexOf("LoraUnreached"), log.lastIndexOf("LoraUnreached"), log);
    }

    private void onePassOfItsOwn() {
        try (NDManager scope = NDManager.newBaseManager()) {
            NDList x = new NDList(scope.ones(new Shape(2, 4)));
            lora.forward(store, x, A);
        }
    }

    private void passes(int count) {
        for (int i = 0; i < count; i++) {
            pass(A, "embed", "layers.0.q");
        }
    }
}
