package dev.ligature;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.ExportOptions;
import dev.ligature.checkpoint.ExportReport;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.internal.adapter.AdapterState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MergedExportTest extends ToyTest {
    private static final Routing A = Routing.of("a");

    @TempDir Path folder;

    /** Writes the checkpoint of a toy model and returns the model. */
    private ToyModel saved(boolean tied, Path directory) throws IOException {
        ToyModel model = ToyModel.create(tied, manager, DataType.FLOAT32);
        Map<String, String> config =
                Map.of("config.json", "{\"tie_word_embeddings\": " + tied + "}");
        BaseCheckpoint.save(directory, model, ToyModel::visit, config, ExportOptions.defaults());
        return model;
    }

    private NDArray logits(Path directory, boolean tied) throws IOException {
        ToyModel model = new ToyModel(tied);
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(directory)) {
            checkpoint.load(
                    model, ToyModel::visit, manager, LoadOptions.defaults(), new Shape(1, 1));
        }
        return model.forward(store, ids(), false).singletonOrThrow();
    }

    private ExportReport export(LoraModel lora, Path base, Path output) throws IOException {
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(base);
                MergedModel merged = lora.merge(A)) {
            return merged.export(checkpoint, output, ExportOptions.defaults());
        }
    }

    @Test
    void anExportedMerge_isACheckpointThatComputesWhatTheAdapterDoes() throws IOException {
        ToyModel model = saved(true, folder.resolve("base"));
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        AdapterState adapter =
                (AdapterState)
                        lora.create(
                                "a", config("embed", "proj").optEnsureWeightTying(true).build());
        scramble(adapter, 1);
        NDArray expected = lora.forward(ids(), A).singletonOrThrow();

        ExportReport report = export(lora, folder.resolve("base"), folder.resolve("merged"));

        assertEquals(2, report.replaced(), "embed.weight, which head reads too, and proj.weight");
        Numbers.assertClose(Numbers.matrix(expected), logits(folder.resolve("merged"), true), 1e-5);
    }

    @Test
    void anUntiedHead_isExportedAsATensorOfItsOwn() throws IOException {
        ToyModel model = saved(true, folder.resolve("base"));
        LoraModel.untieBase(model, ToyModel::visit, "head");
        LoraModel lora = LoraModel.wrap(model, ToyModel::visit);
        scramble((AdapterState) lora.create("a", config("embed", "head").build()), 2);
        NDArray expected = lora.forward(ids(), A).singletonOrThrow();

        export(lora, folder.resolve("base"), folder.resolve("merged"));

        Numbers.assertClose(
                Numbers.matrix(expected), logits(folder.resolve("merged"), false), 1e-5);
    }

    @Test
    void aMergedWeightThatTheCheckpointHasNot_isAnError_andNothingIsWritten() throws IOException {
        saved(true, folder.resolve("base")); // has no head.weight
        LoraModel lora = wrapToy(false);
        scramble((AdapterState) lora.create("a", config("proj", "head").build()), 3);

        CheckpointException error =
                assertThrows(
                        CheckpointException.class,
                        () -> export(lora, folder.resolve("base"), folder.resolve("merged")));

        assertEquals("TensorMissing", error.code());
        assertFalse(Files.exists(folder.resolve("merged")));
    }

    @Test
    @SuppressWarnings("try") // closing it before it is used is the point
    void aClosedMerge_isNotExported() throws IOException {
        LoraModel lora = LoraModel.wrap(saved(true, folder.resolve("base")), ToyModel::visit);
        lora.create("a", config("proj").build());
        MergedModel merged = lora.merge(A);
        merged.close();
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(folder.resolve("base"))) {
            Path output = folder.resolve("merged");
            LoraModelTest.assertCode(
                    "LoraMergedClosed",
                    () -> merged.export(checkpoint, output, ExportOptions.defaults()));
        }
    }

    @Test
    void aTensorThatCannotTakeTheWeight_isNamed_andNothingIsWritten() throws IOException {
        saved(true, folder.resolve("base"));
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(folder.resolve("base"))) {
            Map<String, NDArray> wide =
                    Map.of("proj.weight", manager.zeros(new Shape(9, 9), DataType.FLOAT32));
            CheckpointException error =
                    assertThrows(
                            CheckpointException.class,
                            () ->
                                    checkpoint.export(
                                            folder.resolve("out"), wide, ExportOptions.defaults()));
            assertEquals("TensorShape", error.code());
        }
        Path integers = folder.resolve("integers");
        Files.createDirectory(integers);
        Files.writeString(integers.resolve("config.json"), "{}");
        SafetensorsWriter.write(
                integers.resolve("model.safetensors"),
                Map.of("w", manager.ones(new Shape(2), DataType.INT32)),
                Map.of());
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(integers)) {
            Map<String, NDArray> half = Map.of("w", manager.full(new Shape(2), 0.5f));
            CheckpointException error =
                    assertThrows(
                            CheckpointException.class,
                            () ->
                                    checkpoint.export(
                                            folder.resolve("out"), half, ExportOptions.defaults()));
            assertEquals("TensorDtype", error.code());
        }
        assertFalse(Files.exists(folder.resolve("out")));
    }
}
