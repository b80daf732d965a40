package dev.ligature.server;

import static dev.ligature.server.EncoderFixture.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.ligature.Routing;
import dev.ligature.models.embedding.TextEmbedder;
import dev.ligature.server.settings.ServerAccess;
import dev.ligature.server.settings.ServerLimits;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Embeddings as LangChain4j's client for OpenAI gets them: of adapters, in order, and errors. */
final class LangChainEmbeddingsTest {
    private static final double EPSILON = 1e-5;
    private static final List<String> TEXTS = List.of("a b c d", "d", "c b a", "b a");

    @TempDir static Path folder;
    private static EncoderFixture fixture;

    @BeforeAll
    static void open() throws Exception {
        Path base = Files.createDirectory(folder.resolve("base"));
        Path adapters = Files.createDirectory(folder.resolve("adapters"));
        EncoderFixture.copyCase("bert-model-linear", base, adapters);
        fixture =
                new EncoderFixture(
                        base,
                        adapters,
                        new ServerLimits(8, 64, 100, 1 << 20, 60, 30),
                        ServerAccess.OPEN);
        fixture.model().lora().load("alone", adapters.resolve("tuned"));
    }

    @AfterAll
    static void close() {
        fixture.close();
    }

    private static OpenAiEmbeddingModel client(String model) {
        return OpenAiEmbeddingModel.builder()
                .baseUrl("http://127.0.0.1:" + fixture.server().port() + "/v1")
                .apiKey("none")
                .modelName(model)
                .maxRetries(0)
                .build();
    }

    private static float[] alone(String text, Routing routing) throws Exception {
        TextEmbedder embedder = TextEmbedder.of(fixture.model(), routing);
        try (NDManager scope = NDManager.newBaseManager()) {
            return embedder.embed(embedder.encode(List.of(text)), scope).toFloatArray();
        }
    }

    private static double distance(float[] a, float[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> Math.abs(a[i] - b[i])).max().orElse(0);
    }

    @Test
    void eachText_getsThoseOfTheModelThatIsNamed_inItsPlace() throws Exception {
        List<TextSegment> segments = TEXTS.stream().map(TextSegment::from).toList();
        Response<List<Embedding>> base = client("base").embedAll(segments);
        Response<List<Embedding>> tuned = client("tuned").embedAll(segments);
        int tokens = 0;
        for (int i = 0; i < TEXTS.size(); i++) {
            float[] plain = alone(TEXTS.get(i), Routing.none());
            float[] adapted = alone(TEXTS.get(i), Routing.of("alone"));
            assertTrue(distance(plain, adapted) > 1e-3, "the adapter tells");
            assertWithin(EPSILON, plain, base.content().get(i).vectorAsList());
            assertWithin(EPSILON, adapted, tuned.content().get(i).vectorAsList());
            tokens += fixture.model().tokenizer().encodePrompt(TEXTS.get(i)).length;
        }
        assertEquals(TEXTS.size(), base.content().size());
        assertEquals(tokens, base.tokenUsage().inputTokenCount());
    }

    @Test
    void errors_areThoseOfLangChain_withWhatTheServerSays() {
        ModelNotFoundException unknown =
                assertThrows(ModelNotFoundException.class, () -> client("tunde").embed("a"));
        assertTrue(unknown.getMessage().contains("tunde"), unknown.getMessage());
        InvalidRequestException tooLong =
                assertThrows(
                        InvalidRequestException.class,
                        () -> client("base").embed("a ".repeat(2000)));
        assertTrue(tooLong.getMessage().contains("context_length_exceeded"), tooLong.getMessage());
    }
}
