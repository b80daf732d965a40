package dev.ligature.models.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.models.PretrainedModel;
import dev.ligature.training.TrainingBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TensorFileTest {
    @TempDir Path folder;

    @Test
    void batchesComeInTheirOrder_andAMissingMaskIsAllOnes() throws IOException {
        try (PretrainedModel model = TaskModels.load(folder, "encoders/bert-sequence");
                NDManager manager = NDManager.newBaseManager();
                TensorFile file =
                        read(
                                model,
                                manager,
                                Map.of(
                                        "input_ids", ids(manager, 7, new Shape(2, 1, 3)),
                                        "labels", ids(manager, 1, new Shape(2, 1)),
                                        "batches", ids(manager, 999, new Shape(1))))) {
            assertEquals(2, file.steps());
            file.next(manager);
            TrainingBatch batch = file.next(manager);
            assertEquals(new Shape(1, 3), batch.inputs().get(0).getShape());
            assertEquals(3, batch.inputs().get(1).sum().getLong());
            assertEquals(2, batch.inputs().size());
            assertEquals(1, batch.count());
        }
    }

    @Test
    void aTensorThatDoesNotFit_isNamed() throws IOException {
        assertRefused("has no tensor labels", new Shape(2, 1, 3), null, 7);
        assertRefused("tensor input_ids is I64 (2, 3)", new Shape(2, 3), new Shape(2, 1), 7);
        assertRefused("tensor labels is I64 (3, 1)", new Shape(2, 1, 3), new Shape(3, 1), 7);
        assertRefused("has token id 61", new Shape(2, 1, 3), new Shape(2, 1), 61);
    }

    @Test
    void anOddNumberOfRows_isNoListOfPairs() throws IOException {
        try (PretrainedModel model = TaskModels.load(folder, "encoders/bert-model");
                NDManager manager = NDManager.newBaseManager()) {
            TrainingTask<?> task = TaskKind.EMBEDDING.on(model, new TaskSettings(9, false, 0.05));
            Path file = folder.resolve("b.safetensors");
            SafetensorsWriter.write(
                    file, Map.of("input_ids", ids(manager, 7, new Shape(2, 3, 4))), Map.of());
            CheckpointException error =
                    assertThrows(
                            CheckpointException.class,
                            () ->
                                    TensorFile.read(
                                            file,
                                            TaskKind.EMBEDDING,
                                            task,
                                            model.vocabulary(),
                                            manager));
            assertEquals("BatchTensor", error.code());
            assertTrue(String.valueOf(error.getMessage()).contains("an even number of rows"));
        }
    }

    private void assertRefused(
            String words, Shape ids, @org.jspecify.annotations.Nullable Shape labels, long id)
            throws IOException {
        Path into = java.nio.file.Files.createTempDirectory(folder, "models");
        try (PretrainedModel model = TaskModels.load(into, "encoders/bert-sequence");
                NDManager manager = NDManager.newBaseManager()) {
            Map<String, NDArray> tensors = new HashMap<>();
            tensors.put("input_ids", ids(manager, id, ids));
            if (labels != null) {
                tensors.put("labels", ids(manager, 1, labels));
            }
            CheckpointException error =
                    assertThrows(CheckpointException.class, () -> read(model, manager, tensors));
            assertEquals("BatchTensor", error.code());
            assertTrue(String.valueOf(error.getMessage()).contains(words), error.getMessage());
        }
    }

    private TensorFile read(PretrainedModel model, NDManager manager, Map<String, NDArray> tensors)
            throws IOException {
        Path file = folder.resolve("b.safetensors");
        SafetensorsWriter.write(file, tensors, Map.of());
        TrainingTask<?> task = TaskKind.CLASSIFICATION.on(model, new TaskSettings(9, false, 0.05));
        return TensorFile.read(file, TaskKind.CLASSIFICATION, task, model.vocabulary(), manager);
    }

    private static NDArray ids(NDManager manager, long id, Shape shape) {
        long[] all = new long[(int) shape.size()];
        java.util.Arrays.fill(all, id);
        return manager.create(all, shape);
    }
}
