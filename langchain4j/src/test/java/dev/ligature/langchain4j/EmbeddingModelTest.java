package dev.ligature.langchain4j;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.output.Response;
import dev.ligature.LoraException;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.embedding.TextEmbedder;
import dev.ligature.store.AdapterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An embedding model in the process, with and without an adapter. */
final class EmbeddingModelTest {
    private static final Path RESOURCES = Path.of("..", "models", "src", "test", "resources");
    private static final float CLOSE = 1e-5f;

    @TempDir Path folder;
    private PretrainedModel model;
    private AdapterStore store;

    @BeforeEach
    void open() throws IOException {
        Path encoder = RESOURCES.resolve("encoders/bert-model-linear");
        copy(encoder.resolve("base"), folder.resolve("base"));
        Files.copy(
                RESOURCES.resolve("tasks/tokenizer.json"), folder.resolve("base/tokenizer.json"));
        copy(encoder.resolve("adapter"), folder.resolve("adapters/legal"));
        model = PretrainedModel.load(folder.resolve("base"));
        store =
                model.openAdapters(
                        folder.resolve("adapters"), 1 << 20, AdapterLoadOptions.defaults());
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    @AfterEach
    void close() {
        store.close();
        model.close();
    }

    private float[] alone(String text, Routing routing) throws IOException {
        TextEmbedder embedder = TextEmbedder.of(model, routing);
        try (NDManager scope = model.manager().newSubManager()) {
            return embedder.embed(embedder.encode(List.of(text)), scope).toFloatArray();
        }
    }

    @Test
    void texts_getTheirEmbeddings_inTheirOrder() throws IOException {
        LigatureEmbeddingModel base = LigatureEmbeddingModel.of(model);
        LigatureEmbeddingModel legal = LigatureEmbeddingModel.of(model, store, "legal");
        List<TextSegment> texts = new ArrayList<>();
        int tokens = 0;
        for (int i = 0; i < 70; i++) { // more than a batch, of mixed lengths
            String text = "a b c d ".repeat(1 + i * 7 % 5).strip();
            texts.add(TextSegment.from(text));
            tokens += TextEmbedder.of(model, Routing.none()).encode(List.of(text)).get(0).length;
        }
        Response<List<Embedding>> plain = base.embedAll(texts);
        Response<List<Embedding>> adapted = legal.embedAll(texts);
        model.lora().load("alone", folder.resolve("adapters/legal"));
        for (int i = 0; i < texts.size(); i += 9) {
            String text = texts.get(i).text();
            float[] expected = alone(text, Routing.none());
            float[] other = alone(text, Routing.of("alone"));
            assertArrayEquals(expected, plain.content().get(i).vector(), CLOSE);
            assertArrayEquals(other, adapted.content().get(i).vector(), CLOSE);
            assertTrue(Math.abs(expected[0] - other[0]) > 10 * CLOSE, "the adapter tells");
        }
        assertEquals(70, plain.content().size());
        assertEquals(tokens, plain.tokenUsage().inputTokenCount());
        assertEquals(24, base.dimension());
        assertArrayEquals(alone("a", Routing.none()), base.embed("a").content().vector(), CLOSE);
        assertEquals(List.of(), base.embedAll(List.of()).content());
        assertEquals(0, store.statistics().leasedCount());
    }

    @Test
    void anAdapterThatIsNotThere_orIsReplaced_isSeenAtTheNextCall() throws IOException {
        LigatureEmbeddingModel later = LigatureEmbeddingModel.of(model, store, "later");
        assertThrows(ModelNotFoundException.class, () -> later.embed("a"));
        copy(folder.resolve("adapters/legal"), folder.resolve("adapters/later"));
        model.lora().load("alone", folder.resolve("adapters/legal"));
        assertArrayEquals(
                alone("a", Routing.of("alone")), later.embed("a").content().vector(), CLOSE);
        Files.writeString(folder.resolve("adapters/later/adapter_config.json"), "{}");
        assertThrows(InternalServerException.class, () -> later.embed("a"));
    }

    @Test
    void aModelWithAHead_isRefused() throws IOException {
        Path demo = Path.of("..", "examples", "demo", "base");
        try (PretrainedModel decoder = PretrainedModel.load(demo)) {
            LoraException error =
                    assertThrows(LoraException.class, () -> LigatureEmbeddingModel.of(decoder));
            assertEquals("NotEmbedding", error.code());
        }
    }

    @Test
    void aClosedModel_isNamed() throws IOException {
        LigatureEmbeddingModel base = LigatureEmbeddingModel.of(model);
        LigatureEmbeddingModel legal = LigatureEmbeddingModel.of(model, store, "legal");
        model.close();
        for (LigatureEmbeddingModel each : List.of(base, legal)) {
            IllegalStateException error =
                    assertThrows(IllegalStateException.class, () -> each.embed("a"));
            assertEquals(
                    "The model in "
                            + folder.resolve("base")
                            + " is closed and computes nothing. Load it again, and keep it open"
                            + " until the last call.",
                    error.getMessage());
        }
    }

    @Test
    void nothingIsLeft() {
        LigatureEmbeddingModel legal;
        try {
            legal = LigatureEmbeddingModel.of(model, store, "legal");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        legal.embed("a b");
        int arrays = model.manager().getManagedArrays().size();
        for (int i = 0; i < 10; i++) {
            legal.embed("a b c");
        }
        assertEquals(arrays, model.manager().getManagedArrays().size());
    }
}
