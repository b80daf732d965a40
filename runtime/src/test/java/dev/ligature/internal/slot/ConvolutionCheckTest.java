package dev.ligature.internal.slot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.convolutional.Convolution;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import dev.ligature.Logged;
import dev.ligature.annotation.Role;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ConvolutionCheckTest {
    private final NDManager manager = NDManager.newBaseManager();
    private int calls;

    @AfterEach
    void close() {
        manager.close();
    }

    private Slot slot(String name, Convolution block, Shape input) {
        block.initialize(manager, DataType.FLOAT32, input);
        return new Slot(0, name, Role.MODULE, block);
    }

    private Slot one(String name, int filters) {
        Conv1d block = Conv1d.builder().setFilters(filters).setKernelShape(new Shape(3)).build();
        return slot(name, block, new Shape(1, 6, 9));
    }

    private Slot two() {
        Conv2d block =
                Conv2d.builder()
                        .setFilters(4)
                        .setKernelShape(new Shape(3, 2))
                        .optPadding(new Shape(1, 0))
                        .optStride(new Shape(2, 1))
                        .optGroups(2)
                        .build();
        return slot("two", block, new Shape(1, 6, 9, 9));
    }

    private NDArray right(NDArray x, NDArray weight, WindowProduct settings) {
        calls++;
        return ConvolutionCheck.Engine.of(x, weight, settings);
    }

    @Test
    void whatTheEngineComputesRight_isNotLogged() {
        ConvolutionCheck check = new ConvolutionCheck(this::right);
        List<Slot> slots = List.of(one("one", 4), two());
        assertEquals("", Logged.by(() -> check.check(slots)));
        assertEquals(2, calls);
    }

    @Test
    void aWrongOutput_isLoggedWithTheModule_andOnlyThat() {
        ConvolutionCheck check =
                new ConvolutionCheck(
                        (x, w, settings) -> {
                            NDArray y = right(x, w, settings);
                            return w.getShape().get(0) == 4 ? y.add(y.pow(y)) : y; // off or NaN
                        });
        String log = Logged.by(() -> check.check(List.of(one("one", 4), one("other", 5), two())));
        assertTrue(log.contains("[LoraConvolutionWrong]"), log);
        assertTrue(log.contains("gradients: one, two. Use"), log);
    }

    @Test
    void aWrongGradient_isLogged() {
        ConvolutionCheck check =
                new ConvolutionCheck(
                        (x, w, settings) -> {
                            NDArray y = right(x, w, settings);
                            NDArray plain = y.stopGradient();
                            return plain.add(y.sub(plain).mul(manager.create(1.1f)));
                        });
        String log = Logged.by(() -> check.check(List.of(one("one", 4))));
        assertTrue(log.contains("gradients: one. Use"), log);
    }

    @Test
    void aKindOfShapeIsComputedOnce() {
        ConvolutionCheck check = new ConvolutionCheck(this::right);
        check.check(List.of(one("one", 4), one("again", 4)));
        check.check(List.of(one("later", 4)));
        assertEquals(1, calls);
    }

    @Test
    void whileATrainingCollectsGradients_outputsAreCompared() {
        ConvolutionCheck check =
                new ConvolutionCheck((x, w, settings) -> right(x, w, settings).sin());
        try (GradientCollector collector = manager.getEngine().newGradientCollector()) {
            collector.zeroGradients();
            String log = Logged.by(() -> check.check(List.of(one("one", 4))));
            assertTrue(log.contains("gradients: one. Use"), log);
        }
    }

    @Test
    void whileItCollects_aTrainingWaitsForItsTurn() throws Exception {
        boolean[] wasFree = new boolean[1];
        ConvolutionCheck check =
                new ConvolutionCheck(
                        (x, w, settings) -> {
                            wasFree[0] = CompletableFuture.supplyAsync(this::isFree).join();
                            return right(x, w, settings);
                        });
        assertEquals("", Logged.by(() -> check.check(List.of(one("one", 4)))));
        assertFalse(wasFree[0]);
        assertTrue(CompletableFuture.supplyAsync(this::isFree).join());
    }

    private boolean isFree() {
        boolean free = CollectorTurn.LOCK.tryLock();
        if (free) {
            CollectorTurn.LOCK.unlock();
        }
        return free;
    }

    @Test
    void whileATrainingOfOursCollects_itOpensNoCollector() throws Exception {
        CountDownLatch done = new CountDownLatch(1);
        CompletableFuture<Void> held = new CompletableFuture<>();
        Thread training =
                new Thread(
                        () -> {
                            CollectorTurn.LOCK.lock();
                            try {
                                held.complete(null);
                                done.await();
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            } finally {
                                CollectorTurn.LOCK.unlock();
                            }
                        });
        training.start();
        held.join();
        boolean[] collecting = new boolean[1];
        ConvolutionCheck check =
                new ConvolutionCheck(
                        (x, w, settings) -> {
                            collecting[0] = x.hasGradient();
                            return right(x, w, settings);
                        });
        assertEquals("", Logged.by(() -> check.check(List.of(one("one", 4)))));
        done.countDown();
        training.join();
        assertFalse(collecting[0]);
        assertEquals(1, calls);
    }

    @Test
    void otherTypesAndBlocksAreLeftAlone() {
        Conv1d wide = Conv1d.builder().setFilters(4).setKernelShape(new Shape(3)).build();
        wide.initialize(manager, DataType.FLOAT64, new Shape(1, 6, 9));
        Linear linear = Linear.builder().setUnits(3).build();
        linear.initialize(manager, DataType.FLOAT32, new Shape(1, 6));
        new ConvolutionCheck(this::right)
                .check(
                        List.of(
                                new Slot(0, "wide", Role.MODULE, wide),
                                new Slot(1, "linear", Role.MODULE, linear)));
        assertEquals(0, calls);
    }
}
