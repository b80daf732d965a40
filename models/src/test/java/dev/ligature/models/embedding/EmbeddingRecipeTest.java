package dev.ligature.models.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pooling and normalising, with values worked by hand. */
final class EmbeddingRecipeTest {
    @TempDir Path folder;

    @Test
    void eachPooling_leavesPaddingOut() {
        try (NDManager manager = NDManager.newBaseManager()) {
            // two texts, of 2 and 1 tokens; padding is behind the first one and before the second
            NDArray hidden =
                    manager.create(
                            new float[] {1, -4, 3, 2, 99, 99, 99, 99, 99, 99, -5, 12},
                            new Shape(2, 3, 2));
            NDArray mask = manager.create(new float[] {1, 1, 0, 0, 0, 1}, new Shape(2, 3));
            float root = (float) Math.sqrt(2);

            assertPooled(Pooling.MEAN, hidden, mask, 2, -1, -5, 12);
            assertPooled(Pooling.CLS, hidden, mask, 1, -4, -5, 12);
            assertPooled(Pooling.MAX, hidden, mask, 3, 2, -5, 12);
            assertPooled(Pooling.MEAN_SQRT_LEN, hidden, mask, 4 / root, -2 / root, -5, 12);
            assertArrayEquals(
                    new float[] {
                        2 / (float) Math.sqrt(5), -1 / (float) Math.sqrt(5), -5 / 13f, 12 / 13f
                    },
                    new EmbeddingRecipe(Pooling.MEAN, true, 9).embed(hidden, mask).toFloatArray(),
                    1e-6f);
        }
    }

    private static void assertPooled(
            Pooling pooling, NDArray hidden, NDArray mask, float... expected) {
        NDArray pooled = new EmbeddingRecipe(pooling, false, 9).embed(hidden, mask);
        assertArrayEquals(expected, pooled.toFloatArray(), 1e-5f, pooling.name());
    }

    @Test
    void theFilesOfSentenceTransformers_areRead() throws IOException {
        write("config.json", "{\"model_type\": \"bert\", \"max_position_embeddings\": 512}");
        assertEquals(new EmbeddingRecipe(Pooling.MEAN, false, 512), EmbeddingRecipe.read(folder));

        modules("Transformer", "Pooling", "Normalize");
        pooling("\"pooling_mode_mean_tokens\": false, \"pooling_mode_cls_token\": true");
        write("sentence_bert_config.json", "{\"max_seq_length\": 256}");
        assertEquals(new EmbeddingRecipe(Pooling.CLS, true, 256), EmbeddingRecipe.read(folder));

        modules("Transformer", "Pooling");
        pooling("\"pooling_mode_max_tokens\": true");
        assertEquals(new EmbeddingRecipe(Pooling.MAX, false, 256), EmbeddingRecipe.read(folder));
    }

    @Test
    void whatIsNotComputed_isRefused() throws IOException {
        write("config.json", "{\"model_type\": \"bert\"}");
        modules("Transformer", "Pooling", "Dense");
        pooling("\"pooling_mode_mean_tokens\": true");
        assertRefused(
                "EmbeddingModule", "module 2 has the type sentence_transformers.models.Dense");
        modules("Transformer", "Pooling");
        pooling("\"pooling_mode_mean_tokens\": true, \"pooling_mode_lasttoken\": true");
        assertRefused("PoolingMode", "[pooling_mode_mean_tokens, pooling_mode_lasttoken]");
        pooling("\"pooling_mode_mean_tokens\": false");
        assertRefused("PoolingMode", "asks for the pooling modes []");
    }

    @Test
    void aModelWithAHead_doesNotEmbed() throws IOException {
        Path base = Path.of("src/test/resources/encoders/bert-sequence/base");
        try (PretrainedModel model = PretrainedModel.load(base)) {
            LoraException e =
                    assertThrows(LoraException.class, () -> TextEmbedder.of(model, Routing.none()));
            assertEquals("NotEmbedding", e.code());
        }
    }

    private void assertRefused(String code, String problem) {
        CheckpointException e =
                assertThrows(CheckpointException.class, () -> EmbeddingRecipe.read(folder));
        assertEquals(code, e.code());
        assertTrue(e.getMessage().contains(problem), e.getMessage());
    }

    private void modules(String... types) throws IOException {
        StringBuilder json = new StringBuilder("[");
        for (String type : types) {
            json.append(json.length() > 1 ? "," : "")
                    .append("{\"path\": \"1_Pooling\", \"type\": \"sentence_transformers.models.")
                    .append(type)
                    .append("\"}");
        }
        write("modules.json", json.append("]").toString());
    }

    private void pooling(String fields) throws IOException {
        Files.createDirectories(folder.resolve("1_Pooling"));
        write("1_Pooling/config.json", "{\"word_embedding_dimension\": 384, " + fields + "}");
    }

    private void write(String file, String text) throws IOException {
        Files.writeString(folder.resolve(file), text);
    }
}
