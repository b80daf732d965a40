package dev.ligature.server;

import static dev.ligature.server.HttpCalls.greedy;
import static dev.ligature.server.HttpCalls.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.NormalInitializer;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.config.LoraConfig;
import dev.ligature.config.LoraInit;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.generation.TokenListener;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.server.model.LanguageModel;
import dev.ligature.server.settings.ServerAddress;
import dev.ligature.server.settings.ServerLimits;
import dev.ligature.store.AdapterStore;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The server knows a model by its sizes and tokens alone, so any decoder can be served. */
final class OtherFamilyTest {
    private static final String PROMPT = "int ";
    private static final int TOKENS = 6;

    @TempDir Path adapters;

    @Test
    void aDecoderThatIsNoLlama_isServedWithAnAdapterPerRequest() throws Exception {
        try (NDManager manager = NDManager.newBaseManager();
                TextTokenizer tokenizer =
                        TextTokenizer.open(
                                Path.of("..", "examples", "demo", "base", "tokenizer.json"))) {
            manager.getEngine().setRandomSeed(11);
            MeanModel model = new MeanModel(4096);
            model.setInitializer(new NormalInitializer(1), Parameter.Type.WEIGHT);
            model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
            try (LoraModel lora = LoraModel.wrap(model, MeanModel::visit);
                    AdapterStore store = AdapterStore.open(lora, adapters, 1 << 20)) {
                LoraConfig config =
                        LoraConfig.builder()
                                .setTargetModules("head")
                                .optInit(LoraInit.RANDOM)
                                .build();
                lora.create("tuned", config, 3);
                lora.save("tuned", adapters.resolve("tuned"));
                String base = alone(lora, model, tokenizer, manager, Routing.none());
                String tuned = alone(lora, model, tokenizer, manager, Routing.of("tuned"));
                assertNotEquals(base, tuned);
                serve(lora, model, tokenizer, store, base, tuned);
            }
        }
    }

    private static void serve(
            LoraModel lora,
            MeanModel model,
            TextTokenizer tokenizer,
            AdapterStore store,
            String base,
            String tuned)
            throws Exception {
        CompletionServer server =
                CompletionServer.start(
                        new LanguageModel(
                                lora,
                                model.decoderShape(),
                                new SpecialTokens(null, null, List.of()),
                                tokenizer,
                                Optional.empty()),
                        store,
                        "base",
                        new ServerAddress("127.0.0.1", 0),
                        new ServerLimits(4, 4, 32, 10_000, 60, 30));
        ExecutorService clients = Executors.newFixedThreadPool(2);
        try {
            HttpCalls http = new HttpCalls(server.port());
            Future<String> one = clients.submit(() -> text(http.complete(request("base")).body()));
            Future<String> other =
                    clients.submit(() -> text(http.complete(request("tuned")).body()));
            assertEquals(base, one.get());
            assertEquals(tuned, other.get());
        } finally {
            clients.shutdownNow();
            server.stop();
        }
    }

    private static String request(String name) {
        return greedy(name, PROMPT, TOKENS);
    }

    private static String alone(
            LoraModel lora,
            MeanModel model,
            TextTokenizer tokenizer,
            NDManager manager,
            Routing routing) {
        List<long[]> made =
                new TextGenerator(lora.routed(routing), model.decoderShape(), manager)
                        .generate(
                                List.of(tokenizer.encodePrompt(PROMPT)),
                                GenerationOptions.greedy(TOKENS),
                                TokenListener.NONE);
        return tokenizer.decode(made.get(0));
    }
}
