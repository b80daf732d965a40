package dev.ligature.models.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import com.google.gson.JsonArray;
import com.google.gson.JsonParser;
import dev.ligature.Routing;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.Oracle;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.embedding.EmbeddingRecipe;
import dev.ligature.models.embedding.Pooling;
import dev.ligature.models.embedding.TextEmbedder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is imported computes what onnxruntime and Transformers compute. */
final class BertImportTest {
    private static final Path RESOURCES = Path.of("src", "test", "resources");
    private static final Path SMALL = RESOURCES.resolve("minilm/small.onnx");
    private static final Path TOKENIZER = RESOURCES.resolve("minilm/texts.json"); // is only copied

    /** Copied by the build. */
    private static final Path MINILM = Path.of("target", "minilm", "all-minilm-l6-v2.jar");

    @TempDir Path folder;

    @Test
    void miniLM_computesWhatOnnxruntimeComputes() throws IOException {
        Path directory = folder.resolve("minilm");
        BertImport.writeArchive(MINILM, directory);
        try (PretrainedModel model = PretrainedModel.load(directory);
                NDManager manager = NDManager.newBaseManager()) {
            NDArray ids = expected("input_ids", manager);
            NDArray mask = expected("attention_mask", manager);
            NDArray hidden =
                    model.lora()
                            .forward(
                                    new ParameterStore(manager, false),
                                    new NDList(ids, mask),
                                    false)
                            .get(0);
            NDArray texts = mask.toType(DataType.FLOAT32, true).expandDims(2);
            Oracle.assertWithin(1e-5, expected("hidden", manager), hidden.mul(texts), "hidden");

            TextEmbedder embedder = TextEmbedder.of(model, Routing.none());
            List<long[]> encoded = embedder.encode(texts());
            for (int row = 0; row < encoded.size(); row++) {
                long[] padded = Arrays.copyOf(encoded.get(row), (int) ids.getShape().get(1));
                assertArrayEquals(ids.get(row).toLongArray(), padded);
            }
            Oracle.assertWithin(
                    1e-5,
                    expected("embeddings", manager),
                    embedder.embed(encoded, manager),
                    "embeddings");
            assertEquals(new EmbeddingRecipe(Pooling.MEAN, true, 512), embedder.recipe());
            assertLongTextsAreCut(embedder);
        }
    }

    private static void assertLongTextsAreCut(TextEmbedder embedder) throws IOException {
        long[] ids = embedder.encode(List.of("word ".repeat(600))).get(0);
        assertEquals(512, ids.length);
        assertEquals(102, ids[511]); // [SEP]
        long[] shorter = embedder.encode(List.of("word ".repeat(600), "word"), 9).get(0);
        assertEquals(9, shorter.length);
        assertEquals(102, shorter[8]);
    }

    private static List<String> texts() throws IOException {
        JsonArray json =
                JsonParser.parseString(Files.readString(RESOURCES.resolve("minilm/texts.json")))
                        .getAsJsonArray();
        List<String> texts = new ArrayList<>();
        json.forEach(text -> texts.add(text.getAsString()));
        return texts;
    }

    private static NDArray expected(String tensor, NDManager manager) throws IOException {
        try (SafetensorsReader file =
                SafetensorsReader.open(RESOURCES.resolve("minilm/expected.safetensors"))) {
            return file.read(tensor, manager);
        }
    }

    @Test
    void aSmallModel_hasTheTensorsThatItWasExportedFrom() throws IOException {
        Path directory = folder.resolve("small");
        BertImport.write(SMALL, TOKENIZER, directory);
        Path base = RESOURCES.resolve("encoders/bert-model/base/model.safetensors");
        try (SafetensorsReader before = SafetensorsReader.open(base);
                SafetensorsReader after =
                        SafetensorsReader.open(directory.resolve("model.safetensors"));
                PretrainedModel model = PretrainedModel.load(directory);
                NDManager manager = NDManager.newBaseManager()) {
            for (String tensor : after.tensors().keySet()) {
                assertArrayEquals(
                        before.read(tensor, manager).toFloatArray(),
                        after.read(tensor, manager).toFloatArray(),
                        tensor);
            }
            assertEquals(before.tensors().size() - 2, after.tensors().size()); // without a pooler
            assertEquals(61, model.vocabulary());
        }
        String config = Files.readString(directory.resolve("config.json"));
        assertTrue(config.contains("\"num_attention_heads\": 4"), config);
        assertTrue(config.contains("\"layer_norm_eps\": 1.0E-12"), config);
    }

    @Test
    void aFileThatIsNotOnnx_isRefused_whereverItIsCut() throws IOException {
        byte[] whole = Files.readAllBytes(SMALL);
        for (int length : new int[] {5, 100, whole.length / 2, whole.length - 1}) {
            assertRefused("OnnxFile", Arrays.copyOf(whole, length), "is not an ONNX file");
        }
        assertRefused(
                "OnnxFile", "version https://git-lfs".getBytes(StandardCharsets.UTF_8), "cut off");
    }

    @Test
    void anotherModel_isRefusedByWhatItLacks() throws IOException {
        assertRefused("OnnxModel", new byte[0], "it has no /encoder/layer.0/intermediate");
        String text = Files.readString(SMALL, StandardCharsets.ISO_8859_1);
        assertRefused(
                "OnnxModel",
                text.replace("embeddings.word_embed", "embeddings.wxrd_embed")
                        .getBytes(StandardCharsets.ISO_8859_1),
                "it has no embeddings.word_embeddings.weight");
    }

    @Test
    void anArchiveWithoutTheFile_isRefused() throws IOException {
        Path empty = folder.resolve("empty.zip");
        try (var zip = new java.util.zip.ZipOutputStream(Files.newOutputStream(empty))) {
            zip.putNextEntry(new java.util.zip.ZipEntry("README"));
        }
        CheckpointException e =
                assertThrows(
                        CheckpointException.class,
                        () -> BertImport.writeArchive(empty, folder.resolve("out")));
        assertTrue(e.getMessage().contains("has 0 files whose names end in .onnx"), e.getMessage());
    }

    private void assertRefused(String code, byte[] bytes, String problem) throws IOException {
        Path file = Files.write(folder.resolve("model.onnx"), bytes);
        Path output = folder.resolve("output");
        CheckpointException e =
                assertThrows(
                        CheckpointException.class, () -> BertImport.write(file, TOKENIZER, output));
        assertEquals(code, e.code());
        assertTrue(e.getMessage().contains(problem), e.getMessage());
        assertFalse(Files.exists(output));
    }
}
