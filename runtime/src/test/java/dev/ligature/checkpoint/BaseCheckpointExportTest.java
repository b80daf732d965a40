package dev.ligature.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints with new values in some tensors, and checkpoints of a whole model. */
class BaseCheckpointExportTest {
    private static final Path SHARDED = TestFiles.resource("checkpoint/sharded-bf16");
    private static final String NORM = "model.norm.weight";
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String HEAD = "lm_head.weight";

    private NDManager manager;
    @TempDir private Path directory;
    private Path out;

    @BeforeEach
    void open() {
        manager = NDManager.newBaseManager();
        out = directory.resolve("out");
    }

    @AfterEach
    void close() {
        manager.close();
    }

    @Test
    void withNothingReplaced_everyFileIsTheSame() throws IOException {
        ExportReport report = export(SHARDED, Map.of(), ExportOptions.defaults());
        assertEquals(TestFiles.names(SHARDED), TestFiles.names(out));
        for (String name : TestFiles.names(SHARDED)) {
            assertEquals(-1, Files.mismatch(SHARDED.resolve(name), out.resolve(name)), name);
        }
        assertEquals(new ExportReport(20, 0, 0, ""), report);
        assertEquals(List.of("out"), TestFiles.names(directory));
    }

    @Test
    void aReplacedTensor_isRoundedToTheFilesTypeAndTheRestIsCopied() throws IOException {
        // 1 + 2^-8 is halfway and goes to the even 1; 1 + 3 * 2^-8 to the even 1 + 2^-6.
        NDArray norm = manager.full(new Shape(16), 1 + 1f / 256);
        norm.set(new NDIndex("3"), manager.create(1 + 3f / 256));
        ExportReport report = export(SHARDED, Map.of(NORM, norm), ExportOptions.defaults());
        assertEquals(new ExportReport(20, 1, 1.0 / 256, NORM), report);
        try (BaseCheckpoint before = BaseCheckpoint.open(SHARDED);
                BaseCheckpoint after = BaseCheckpoint.open(out)) {
            assertEquals(before.tensorNames(), after.tensorNames());
            assertEquals(TensorDtype.BF16, after.tensor(NORM).dtype());
        }
        float[] expected = new float[16];
        Arrays.fill(expected, 1f);
        expected[3] = 1 + 1f / 64;
        String shard = "model-00003-of-00003.safetensors";
        try (SafetensorsReader reader = SafetensorsReader.open(out.resolve(shard));
                SafetensorsReader old = SafetensorsReader.open(SHARDED.resolve(shard))) {
            assertArrayEquals(expected, reader.read(NORM, manager).toFloatArray());
            String other = "model.layers.1.mlp.down_proj.weight";
            assertArrayEquals(
                    old.read(other, manager).toFloatArray(),
                    reader.read(other, manager).toFloatArray());
        }
        String same = "model-00001-of-00003.safetensors";
        assertEquals(-1, Files.mismatch(SHARDED.resolve(same), out.resolve(same)));
    }

    @Test
    void anUntiedWeight_isANewTensorOfTheLastShard_andTheConfigSaysSo() throws IOException {
        String name = "other_head.weight";
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(SHARDED)) {
            Map<String, NDArray> untied = Map.of(name, manager.ones(new Shape(5, 16)));
            checkpoint.export(out, Map.of(), untied, ExportOptions.defaults());
        }
        try (BaseCheckpoint after = BaseCheckpoint.open(out)) {
            assertEquals(TensorDtype.BF16, after.tensor(name).dtype());
            assertEquals(21, after.tensorNames().size());
        }
        String shard = "model-00003-of-00003.safetensors";
        try (SafetensorsReader reader = SafetensorsReader.open(out.resolve(shard))) {
            assertEquals(80, reader.read(name, manager).sum().getFloat());
        }
        String config = Files.readString(out.resolve("config.json"));
        assertTrue(config.contains("\"tie_word_embeddings\": false"), config);
        assertFalse(config.contains("\"tie_word_embeddings\": true"), config);
    }

    @Test
    void onlyTheTopLevelOfAConfigIsChanged_andNumbersKeepTheirSpelling() throws IOException {
        NamedBlocks model = NamedBlocks.llama(2, 29, 16, 8, 24);
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(SHARDED)) {
            load(checkpoint, model);
        }
        String config =
                "{\"text_config\": {\"dtype\": \"float32\", \"tie_word_embeddings\": true},"
                        + " \"rms_norm_eps\": 1e-05, \"note\": \"a<b\", \"dtype\": \"float32\","
                        + " \"torch_dtype\": null}";
        BaseCheckpoint.save(
                out,
                model,
                NamedBlocks.VISIT,
                Map.of("config.json", config),
                ExportOptions.defaults().withDtype(TensorDtype.BF16));
        assertEquals(
                """
                {
                  "text_config": {
                    "dtype": "float32",
                    "tie_word_embeddings": true
                  },
                  "rms_norm_eps": 1e-05,
                  "note": "a<b",
                  "dtype": "bfloat16",
                  "torch_dtype": null
                }
                """,
                Files.readString(out.resolve("config.json")));
    }

    @Test
    void anotherDataType_isInTensorsConfigAndIndex() throws IOException {
        export(SHARDED, Map.of(), ExportOptions.defaults().withDtype(TensorDtype.F32));
        assertTrue(Files.readString(out.resolve("config.json")).contains("\"dtype\": \"float32\""));
        String index = Files.readString(out.resolve("model.safetensors.index.json"));
        assertTrue(index.contains("\"total_size\": 17536"), index); // 4384 parameters of 4 bytes
        NamedBlocks model = NamedBlocks.llama(2, 29, 16, 8, 24);
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(out);
                SafetensorsReader widened =
                        SafetensorsReader.open(
                                TestFiles.resource("checkpoint/sharded-widened.safetensors"))) {
            assertEquals(TensorDtype.F32, checkpoint.tensor(NORM).dtype());
            load(checkpoint, model);
            assertArrayEquals(
                    widened.read(EMBEDDING, manager).toFloatArray(),
                    model.parameter("model.embed_tokens").getArray().toFloatArray());
        }
    }

    @Test
    void replacingATiedWeight_replacesEveryCopyInTheFile() throws IOException {
        NDArray table = manager.arange(15f).reshape(5, 3);
        Path source = Files.createDirectory(directory.resolve("source"));
        SafetensorsWriter.write(
                source.resolve("model.safetensors"),
                Map.of(EMBEDDING, table, HEAD, table),
                Map.of());
        NamedBlocks model = NamedBlocks.llama(0, 5, 3, 1, 1);
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(source)) {
            LoadOptions options = LoadOptions.defaults();
            Refusal.of(
                    "TensorsMissing",
                    () -> checkpoint.load(model, NamedBlocks.VISIT, manager, options, new Shape(1)),
                    NORM);
        }
        SafetensorsWriter.write(
                source.resolve("model.safetensors"),
                Map.of(EMBEDDING, table, HEAD, table, NORM, manager.ones(new Shape(3))),
                Map.of());
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(source)) {
            load(checkpoint, model);
            NDArray merged = manager.zeros(new Shape(5, 3));
            ExportReport report =
                    checkpoint.export(out, Map.of(HEAD, merged), ExportOptions.defaults());
            assertEquals(2, report.replaced());
        }
        try (SafetensorsReader reader = SafetensorsReader.open(out.resolve("model.safetensors"))) {
            assertArrayEquals(new float[15], reader.read(EMBEDDING, manager).toFloatArray());
            assertArrayEquals(new float[15], reader.read(HEAD, manager).toFloatArray());
        }
    }

    @Test
    void whatCannotBeWritten_isRefusedAndLeavesNothing() throws IOException {
        NDArray large = manager.full(new Shape(16), 70000f);
        ExportOptions half = ExportOptions.defaults().withDtype(TensorDtype.F16);
        Refusal.of("WeightOverflow", () -> export(SHARDED, Map.of(NORM, large), half), NORM, "F16");
        for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
            NDArray broken = manager.ones(new Shape(16));
            broken.set(new NDIndex("7"), manager.create(bad));
            Refusal.of(
                    "WeightNotFinite",
                    () -> export(SHARDED, Map.of(NORM, broken), ExportOptions.defaults()),
                    NORM);
        }
        Refusal.of(
                "TensorMissing",
                () -> export(SHARDED, Map.of("model.nrm.weight", large), ExportOptions.defaults()),
                "Did you mean model.norm.weight?");
        assertEquals(List.of(), TestFiles.names(directory));
        Files.createDirectory(out);
        Refusal.of(
                "OutputExists", () -> export(SHARDED, Map.of(), ExportOptions.defaults()), "out");
        Files.delete(out);
        Files.createDirectory(directory.resolve("out.partial"));
        Refusal.of(
                "OutputExists",
                () -> export(SHARDED, Map.of(), ExportOptions.defaults()),
                "out.partial");
    }

    @Test
    void aSavedModel_isLoadedBackWithItsConfig() throws IOException {
        NamedBlocks model = NamedBlocks.llama(2, 29, 16, 8, 24);
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(SHARDED)) {
            load(checkpoint, model);
        }
        Map<String, String> files =
                Map.of("config.json", "{\"torch_dtype\": \"float32\"}", "tokenizer.json", "{}");
        ExportReport report =
                BaseCheckpoint.save(
                        out,
                        model,
                        NamedBlocks.VISIT,
                        files,
                        ExportOptions.defaults().withDtype(TensorDtype.BF16));
        assertEquals(new ExportReport(20, 20, 0, ""), report); // it was bfloat16 before
        assertEquals(
                List.of("config.json", "model.safetensors", "tokenizer.json"),
                TestFiles.names(out));
        assertEquals(
                "{\n  \"torch_dtype\": \"bfloat16\"\n}\n",
                Files.readString(out.resolve("config.json")));
        try (BaseCheckpoint saved = BaseCheckpoint.open(out)) {
            assertFalse(saved.tensorNames().contains(HEAD));
            assertEquals(TensorDtype.BF16, saved.tensor(EMBEDDING).dtype());
            NamedBlocks again = NamedBlocks.llama(2, 29, 16, 8, 24);
            load(saved, again);
            String query = "model.layers.1.self_attn.q_proj";
            assertArrayEquals(
                    model.parameter(query).getArray().toFloatArray(),
                    again.parameter(query).getArray().toFloatArray());
        }
    }

    @Test
    void aSavedFileOutsideTheDirectory_isRefused() throws IOException {
        NamedBlocks model = NamedBlocks.llama(0, 5, 3, 1, 1);
        model.initialize(manager, DataType.FLOAT32, new Shape(1));
        Map<String, String> files = Map.of("config.json", "{}", "../x", "");
        Refusal.of(
                "CheckpointPath",
                () ->
                        BaseCheckpoint.save(
                                out, model, NamedBlocks.VISIT, files, ExportOptions.defaults()),
                "../x");
        assertEquals(List.of(), TestFiles.names(directory));
    }

    private ExportReport export(Path source, Map<String, NDArray> replaced, ExportOptions options)
            throws IOException {
        try (BaseCheckpoint checkpoint = BaseCheckpoint.open(source)) {
            return checkpoint.export(out, replaced, options);
        }
    }

    private void load(BaseCheckpoint checkpoint, NamedBlocks model) throws IOException {
        checkpoint.load(model, NamedBlocks.VISIT, manager, LoadOptions.defaults(), new Shape(1, 4));
    }
}
