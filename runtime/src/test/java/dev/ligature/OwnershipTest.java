package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.internal.adapter.AdapterState;
import dev.ligature.training.TrainingConfig;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import dev.ligature.training.TrainingLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Every array has an owner: the arrays below the engine's root manager do not grow. */
final class OwnershipTest extends ToyTest {
    private static final int THREADS = 4;
    private static final int FORWARDS = 250;
    private static final int STEPS = 300;

    @Test
    void aThousandForwardsInFourThreads_leaveNoArray_andGiveWhatOneThreadGives() throws Exception {
        LoraModel lora = wrapToy(true);
        List<float[]> alone = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            AdapterState adapter =
                    (AdapterState)
                            lora.create(
                                    "a" + i,
                                    config("proj", "embed").optEnsureWeightTying(true).build());
            scramble(adapter, i + 1);
            alone.add(forward(lora, i));
        }
        int before = liveArrays();
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int thread = i;
                running.add(
                        pool.submit(
                                () -> {
                                    for (int n = 0; n < FORWARDS; n++) {
                                        assertArrayEquals(alone.get(thread), forward(lora, thread));
                                    }
                                }));
            }
            for (Future<?> future : running) {
                future.get();
            }
        } finally {
            pool.shutdownNow();
        }
        assertEquals(before, liveArrays());
    }

    @Test
    void threeHundredSteps_leaveNoArray_withGarbageCollectedBetweenForwardAndBackward() {
        LoraModel lora = wrapToy(true);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a", config("proj", "embed").optEnsureWeightTying(true).build());
        int[] forwards = {0};
        ((ToyModel) lora.base()).inForward =
                () -> {
                    if (forwards[0]++ % 30 == 0) {
                        System.gc();
                    }
                };
        TrainingConfig config =
                TrainingConfig.builder()
                        .optOptimizer(OptimizerKind.ADAMW)
                        .optLearningRate(0.01f)
                        .build();
        try (TrainingLoop loop = TrainingLoop.over(lora.routed(Routing.of("a")), manager, config)) {
            double first = loop.step(ids().head()).loss();
            int warm = liveArrays();
            double last = first;
            for (int i = 1; i < STEPS; i++) {
                try (NDManager batch = manager.newSubManager()) {
                    last = loop.step(batch.create(IDS, new Shape(2, 3))).loss();
                }
            }
            assertEquals(warm, liveArrays());
            assertTrue(last < first && Double.isFinite(last), first + " -> " + last);
        }
        assertTrue(Float.isFinite(adapter.pairs().get(0).loraA().getArray().sum().getFloat()));
    }

    @Test
    void removingAnAdapter_freesAllOfIt() {
        LoraModel lora = wrapToy(true);
        int before = liveArrays();
        for (int i = 0; i < 50; i++) {
            lora.create("a", config("proj", "embed").optEnsureWeightTying(true).build());
            forward(lora, "a");
            try (MergedModel merged = lora.merge(Routing.of("a"), MergeOptions.SAFE)) {
                try (NDManager request = NDManager.newBaseManager()) {
                    merged.forward(store, request(request), false);
                }
            }
            lora.remove("a");
        }
        assertEquals(before, liveArrays());
    }

    @Test
    void anAdapterRemovedUnderRequests_isFreedAfterThem_andEndsNoProcess() throws Exception {
        LoraModel lora = wrapToy(true);
        int before = liveArrays();
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger served = new AtomicInteger();
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                running.add(
                        pool.submit(
                                () -> {
                                    while (!done.get()) {
                                        served.addAndGet(forwardIfThere(lora));
                                    }
                                }));
            }
            for (int i = 0; i < 200; i++) {
                lora.create("a", config("proj", "embed").optEnsureWeightTying(true).build());
                int seen = served.get();
                while (served.get() == seen && !running.get(0).isDone()) {
                    Thread.onSpinWait();
                }
                lora.remove("a");
            }
            done.set(true);
            for (Future<?> future : running) {
                future.get();
            }
        } finally {
            done.set(true);
            pool.shutdownNow();
        }
        assertEquals(before, liveArrays());
    }

    /** Returns 1 if the request was served, 0 if its adapter was not there. */
    private int forwardIfThere(LoraModel lora) {
        try {
            forward(lora, "a");
            return 1;
        } catch (LoraException gone) {
            assertTrue(
                    Set.of("LoraAdapterRemoved", "LoraUnknownAdapter").contains(gone.code()),
                    gone.getMessage());
            return 0;
        }
    }

    private float[] forward(LoraModel lora, int thread) {
        return forward(lora, "a" + thread);
    }

    private float[] forward(LoraModel lora, String adapter) {
        try (NDManager request = NDManager.newBaseManager()) {
            return lora.forward(store, request(request), Routing.of(adapter))
                    .singletonOrThrow()
                    .toFloatArray();
        }
    }

    private static NDList request(NDManager manager) {
        return new NDList(manager.create(IDS, new Shape(2, 3)));
    }

    /** Counts the arrays below the engine's root manager. */
    private int liveArrays() {
        return manager.getParentManager().getManagedArrays().size();
    }
}
