package dev.ligature.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraException;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.training.TrainingConfig.OptimizerKind;
import dev.ligature.training.schedule.ScheduleKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A loop that goes on from another's state does what that one would have done, bit for bit. */
final class LoopStateTest {
    private static final int STEPS = 9;

    @TempDir Path folder;

    private static EmbeddingAndHead model(NDManager manager) {
        float[] embedding = new float[7 * 3];
        float[] head = new float[7 * 3];
        for (int i = 0; i < head.length; i++) {
            embedding[i] = (float) Math.sin(i);
            head[i] = (float) Math.cos(i);
        }
        Shape shape = new Shape(7, 3);
        return new EmbeddingAndHead(manager.create(embedding, shape), manager.create(head, shape));
    }

    private static TrainingConfig config(OptimizerKind optimizer) {
        TrainingConfig.Builder builder =
                TrainingConfig.builder()
                        .optOptimizer(optimizer)
                        .optSchedule(ScheduleKind.COSINE.of(0.1, 2, STEPS))
                        .optWeightDecay(0.1);
        return optimizer == OptimizerKind.SGD ? builder.optMomentum(0.9).build() : builder.build();
    }

    private static void step(TrainingLoop loop, EmbeddingAndHead model, NDManager manager) {
        model.head.freeze(loop.steps() < 2); // so that its own count of steps is another
        try (NDManager scope = manager.newSubManager()) {
            long[] ids = new long[8];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = (i * (loop.steps() + 2)) % 7;
            }
            loop.step(scope.create(ids, new Shape(2, 4)));
        }
    }

    private static float[] weights(EmbeddingAndHead model) {
        float[] embedding = model.embedding.getArray().toFloatArray();
        float[] head = model.head.getArray().toFloatArray();
        float[] both = new float[embedding.length + head.length];
        System.arraycopy(embedding, 0, both, 0, embedding.length);
        System.arraycopy(head, 0, both, embedding.length, head.length);
        return both;
    }

    @ParameterizedTest
    @EnumSource
    void aRestoredLoop_goesOnBitForBit(OptimizerKind optimizer) throws IOException {
        Path file = folder.resolve("state.safetensors");
        try (NDManager manager = NDManager.newBaseManager()) {
            EmbeddingAndHead through = model(manager);
            try (TrainingLoop loop = TrainingLoop.over(through, manager, config(optimizer))) {
                for (int i = 0; i < STEPS; i++) {
                    step(loop, through, manager);
                    if (i == 4) {
                        try (NDManager scope = manager.newSubManager()) {
                            SafetensorsWriter.write(file, loop.state(scope), Map.of());
                        }
                    }
                }
            }
            EmbeddingAndHead resumed = model(manager);
            try (TrainingLoop loop = TrainingLoop.over(resumed, manager, config(optimizer))) {
                // The state replaces another one.
                step(loop, resumed, manager);
                resumed.head.freeze(false);
                restore(loop, file, manager);
                assertEquals(5, loop.steps());
                while (loop.steps() < STEPS) {
                    step(loop, resumed, manager);
                }
            }
            assertArrayEquals(weights(through), weights(resumed));
        }
    }

    private static void restore(TrainingLoop loop, Path file, NDManager manager)
            throws IOException {
        try (NDManager scope = manager.newSubManager();
                SafetensorsReader reader = SafetensorsReader.open(file)) {
            Map<String, NDArray> state = new HashMap<>();
            for (String name : reader.tensors().keySet()) {
                state.put(name, reader.read(name, scope));
            }
            loop.restore(state);
        }
    }

    @Test
    void aStateOfSomethingElse_isRefused_andChangesNothing() {
        try (NDManager manager = NDManager.newBaseManager()) {
            EmbeddingAndHead model = model(manager);
            try (TrainingLoop loop =
                    TrainingLoop.over(model, manager, config(OptimizerKind.ADAMW))) {
                step(loop, model, manager);
                step(loop, model, manager);
                step(loop, model, manager);
                float[] before = weights(model);
                Map<String, NDArray> state = loop.state(manager);
                String parameter =
                        state.keySet().stream()
                                .filter(name -> name.startsWith("parameter."))
                                .findFirst()
                                .orElseThrow();
                Map<String, NDArray> less = new TreeMap<>(state);
                less.remove(parameter);
                assertRefused(loop, less, parameter + ": it is missing");
                Map<String, NDArray> wide = new TreeMap<>(state);
                wide.put(parameter, manager.zeros(new Shape(7, 4)));
                assertRefused(loop, wide, "it has the shape (7, 4), not (7, 3)");
                Map<String, NDArray> more = new TreeMap<>(state);
                more.put("momentum." + parameter, manager.zeros(new Shape(7, 3)));
                assertRefused(loop, more, "no such array is known here");
                assertArrayEquals(before, weights(model));
            }
        }
    }

    private static void assertRefused(
            TrainingLoop loop, Map<String, NDArray> state, String reason) {
        LoraException error = assertThrows(LoraException.class, () -> loop.restore(state));
        assertEquals("TrainState", error.code());
        assertTrue(error.getMessage().contains(reason), error.getMessage());
    }

    @Test
    void aStateWithoutTheOptimizers_beginsAnew() {
        try (NDManager manager = NDManager.newBaseManager()) {
            EmbeddingAndHead model = model(manager);
            try (TrainingLoop loop =
                    TrainingLoop.over(model, manager, config(OptimizerKind.ADAMW))) {
                step(loop, model, manager);
                Map<String, NDArray> state = loop.state(manager);
                state.keySet().removeIf(n -> !n.equals("steps") && !n.startsWith("parameter."));
                loop.restore(state);
                assertTrue(((AdamW) loop.optimizer()).state(model.embedding.getId()).isEmpty());
            }
        }
    }
}
