package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import dev.ligature.internal.adapter.AdapterState;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Adapters that change their name, and adapters that several models have. */
final class AdapterSharingTest extends ToyTest {
    @Test
    void aRenamedAdapter_keepsItsHandleAndItsRequests() {
        LoraModel lora = wrapToy(true);
        AdapterState adapter = (AdapterState) lora.create("old", config("proj").build());
        scramble(adapter, 1);
        Block routed = lora.routed(Routing.of("old"));
        float[] before = routed.forward(store, ids(), false).head().toFloatArray();
        lora.create("taken", config("proj").build());

        LoraModelTest.assertCode("LoraAdapterExists", () -> lora.rename("old", "taken"));
        LoraModelTest.assertCode("LoraAdapterName", () -> lora.rename("old", "_"));
        LoraModelTest.assertCode("LoraUnknownAdapter", () -> lora.rename("x", "y"));
        lora.rename("old", "new");

        assertEquals(Set.of("new", "taken"), lora.adapterNames());
        assertEquals("new", adapter.name());
        assertSame(adapter, lora.adapter("new"));
        assertArrayEquals(before, routed.forward(store, ids(), false).head().toFloatArray());
        assertArrayEquals(
                before, lora.forward(store, ids(), Routing.of("new")).head().toFloatArray());
        Routing byHandle = Routing.rowsByHandle(adapter.handle(), adapter.handle());
        assertArrayEquals(before, lora.forward(store, ids(), byHandle).head().toFloatArray());
        LoraModelTest.assertCode(
                "LoraUnknownAdapter", () -> lora.forward(store, ids(), Routing.of("old")));
        scramble((AdapterState) lora.create("old", config("embed").build()), 2);
        lora.forward(store, ids(), Routing.of("old"));
    }

    @Test
    void aSharedAdapter_isOneForBothModels_andFreedByTheLast() {
        LoraModel first = wrapToy(true);
        LoraModel second = wrapToy(true);
        int before = liveArrays();
        AdapterState adapter =
                (AdapterState)
                        first.create(
                                "a", config("embed", "proj").optEnsureWeightTying(true).build());
        int one = liveArrays();

        assertSame(adapter, second.share(first, "a"));
        assertEquals(one, liveArrays());
        scramble(adapter, 3);
        assertArrayEquals(forward(first), forward(second));
        LoraException shared =
                LoraModelTest.assertCode("LoraAdapterShared", () -> first.rename("a", "b"));
        assertTrue(shared.getMessage().contains("called b too"), shared.getMessage());
        LoraModelTest.assertCode("LoraAdapterExists", () -> second.share(first, "a"));

        float[] answer = forward(second);
        first.remove("a");
        assertArrayEquals(answer, forward(second));
        second.rename("a", "mine");
        first.share(second, "mine");
        assertEquals(Set.of("mine"), first.adapterNames());
        first.unwrap();
        second.remove("mine");
        LoraModelTest.assertCode("LoraUnknownAdapter", () -> second.share(first, "mine"));
        assertEquals(before, liveArrays());
    }

    @Test
    void anAdapterOfAnotherShape_isNotShared() {
        LoraModel tied = wrapToy(true);
        LoraModel untied = wrapToy(false);
        LoraModel wide =
                LoraModel.wrap(ToyModel.create(true, manager, DataType.FLOAT64), ToyModel::visit);
        tied.create("a", config("embed").optEnsureWeightTying(true).build());

        for (LoraModel other : List.of(untied, wide)) {
            LoraException error =
                    LoraModelTest.assertCode("LoraShareMismatch", () -> other.share(tied, "a"));
            assertTrue(error.getMessage().contains(" is not the same here"), error.getMessage());
            assertEquals(Set.of(), other.adapterNames());
        }
    }

    @Test
    void modelsThatTakeAndGiveUpAnAdapterAtOnce_leaveItWhole() throws Exception {
        LoraModel home = wrapToy(true);
        AdapterState adapter = (AdapterState) home.create("a", config("proj").build());
        scramble(adapter, 4);
        float[] expected = forward(home);
        List<LoraModel> models = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            models.add(wrapToy(true));
        }
        int before = liveArrays();
        ExecutorService pool = Executors.newFixedThreadPool(models.size());
        try {
            List<Future<?>> running = new ArrayList<>();
            for (LoraModel model : models) {
                running.add(
                        pool.submit(
                                () -> {
                                    for (int i = 0; i < 50; i++) {
                                        model.share(home, "a");
                                        assertArrayEquals(expected, forward(model));
                                        model.remove("a");
                                    }
                                }));
            }
            for (Future<?> future : running) {
                future.get();
            }
        } finally {
            pool.shutdownNow();
        }
        assertArrayEquals(expected, forward(home));
        assertEquals(before, liveArrays());
    }

    private float[] forward(LoraModel lora) {
        try (NDManager request = NDManager.newBaseManager()) {
            NDList in = new NDList(request.create(IDS, new Shape(2, 3)));
            return lora.forward(store, in, Routing.of("a")).head().toFloatArray();
        }
    }

    private int liveArrays() {
        return manager.getParentManager().getManagedArrays().size();
    }
}
