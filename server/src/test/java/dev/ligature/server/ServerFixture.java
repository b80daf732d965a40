package dev.ligature.server;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.util.Pair;
import dev.ligature.Adapter;
import dev.ligature.LoraModel;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.config.LoraConfig;
import dev.ligature.models.chat.ChatTemplate;
import dev.ligature.models.generation.BatchOptions;
import dev.ligature.models.generation.GenerationOptions;
import dev.ligature.models.generation.TextGenerator;
import dev.ligature.models.generation.TokenListener;
import dev.ligature.models.llama.LlamaConfig;
import dev.ligature.models.llama.LlamaForCausalLM;
import dev.ligature.models.llama.LlamaForCausalLMLora;
import dev.ligature.models.text.TextTokenizer;
import dev.ligature.server.model.LanguageModel;
import dev.ligature.server.settings.ServerAccess;
import dev.ligature.server.settings.ServerAddress;
import dev.ligature.server.settings.ServerLimits;
import dev.ligature.store.AdapterFolder;
import dev.ligature.store.AdapterSource;
import dev.ligature.store.AdapterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * A small random model with the demo's tokenizer, adapters for it on disk that tell on what is
 * generated, and a server over both.
 */
public final class ServerFixture implements AutoCloseable {
    static final List<String> ADAPTERS = List.of("alpha", "beta", "gamma");
    static final int POSITIONS = 4000;

    /** A template that shows what it is given. */
    static final String TEMPLATE =
            "{% for m in messages %}{% if m.role == 'judge' %}{{ raise_exception('no judges') }}"
                    + "{% endif %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
                    + "{% if tools %}{{ tools|tojson }}\n{% endif %}"
                    + "{{ style|default('assistant') }}: ";

    /** The bytes of one adapter: rank 4 on q_proj (32, 32) and v_proj (16, 32) of two layers. */
    static final long ADAPTER_BYTES = 2 * 4 * 4L * (32 + 32 + 16 + 32);

    private final NDManager manager = NDManager.newBaseManager();
    private final Path adapters;
    private final LlamaForCausalLM model;
    private final LoraModel lora;
    private final TextTokenizer tokenizer;
    private final AdapterStore store;
    private final ServerAccess access;
    private CompletionServer server;

    public ServerFixture(Path adapters, ServerLimits limits) throws IOException {
        this(adapters, limits, 8 * ADAPTER_BYTES);
    }

    public ServerFixture(Path adapters, ServerLimits limits, long budget) throws IOException {
        this(adapters, limits, budget, ServerAccess.OPEN);
    }

    public ServerFixture(Path adapters, ServerLimits limits, long budget, ServerAccess access)
            throws IOException {
        this(adapters, new AdapterFolder(adapters), limits, budget, access);
    }

    /** Creates a server whose adapters are in a folder, and come from there by a source. */
    public ServerFixture(
            Path adapters,
            AdapterSource source,
            ServerLimits limits,
            long budget,
            ServerAccess access)
            throws IOException {
        this.access = access;
        this.adapters = adapters;
        manager.getEngine().setRandomSeed(5);
        model =
                new LlamaForCausalLM(
                        LlamaConfig.builder()
                                .setVocabSize(4096)
                                .setHiddenSize(32)
                                .setIntermediateSize(48)
                                .setNumHiddenLayers(2)
                                .setNumAttentionHeads(4)
                                .optNumKeyValueHeads(2)
                                .optMaxPositionEmbeddings(POSITIONS)
                                .optTieWordEmbeddings(true)
                                .build());
        model.setInitializer(new NormalInitializer(0.4f), Parameter.Type.WEIGHT);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        lora = LlamaForCausalLMLora.wrap(model);
        tokenizer = TextTokenizer.open(Path.of("..", "examples", "demo", "base", "tokenizer.json"));
        for (String name : ADAPTERS) {
            writeAdapter(name);
        }
        AdapterLoadOptions options =
                AdapterLoadOptions.defaults().forTask("CAUSAL_LM", "a causal language model");
        store = AdapterStore.open(lora, source, budget, options);
        start(0, limits);
    }

    /** Starts a server, which replaces the one that was stopped. */
    public void start(int port, ServerLimits limits) throws IOException {
        server =
                CompletionServer.start(
                        new LanguageModel(
                                lora,
                                model.config().decoderShape(),
                                model.config().tokens(),
                                tokenizer,
                                Optional.of(ChatTemplate.of(TEMPLATE, Map.of()))),
                        store,
                        "base",
                        new ServerAddress("127.0.0.1", port),
                        limits,
                        access);
    }

    public CompletionServer server() {
        return server;
    }

    public LoraModel lora() {
        return lora;
    }

    public AdapterStore store() {
        return store;
    }

    public HttpCalls http() {
        return new HttpCalls(server.port());
    }

    /** Writes an adapter that changes what is generated. */
    void writeAdapter(String name) throws IOException {
        writeAdapter(name, 0.5f);
    }

    /** Writes an adapter whose factors have some standard deviation. */
    void writeAdapter(String name, float deviation) throws IOException {
        Adapter adapter =
                lora.create(
                        "written",
                        LoraConfig.builder()
                                .setTargetModules("q_proj", "v_proj")
                                .optRank(4)
                                .build());
        for (Pair<String, Parameter> named : adapter.parameters()) {
            try (NDManager scope = manager.newSubManager()) {
                NDArray array = named.getValue().getArray();
                NDArray alias = array.stopGradient();
                alias.attach(scope);
                alias.set(
                        new NDIndex(":"),
                        scope.randomNormal(0, deviation, array.getShape(), DataType.FLOAT32));
            }
        }
        lora.save("written", adapters.resolve(name));
        lora.remove("written");
    }

    /**
     * Returns the text that a model gives for a prompt, computed without server, store or batch.
     */
    String alone(String name, String prompt, int tokens) throws IOException {
        boolean isBase = name.equals("base");
        if (!isBase) {
            lora.load("alone", adapters.resolve(name));
        }
        try {
            Routing routing = isBase ? Routing.none() : Routing.of("alone");
            long[] made =
                    new TextGenerator(lora.routed(routing), model.config().decoderShape(), manager)
                            .generate(
                                    List.of(tokenizer.encodePrompt(prompt)),
                                    GenerationOptions.greedy(tokens),
                                    TokenListener.NONE)
                            .get(0);
            return tokenizer.decode(made);
        } finally {
            if (!isBase) {
                lora.remove("alone");
            }
        }
    }

    public long[] tokens(String text) {
        return tokenizer.encodePrompt(text);
    }

    /** Returns a number that the server reports. */
    public long metric(String name) throws Exception {
        return metric(http(), name);
    }

    /** Returns a number that a server reports. */
    public static long metric(HttpCalls http, String name) throws Exception {
        return http.get("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no metric " + name));
    }

    /** Waits until the server has nothing to do, and checks that it holds nothing then. */
    void awaitIdle() throws Exception {
        await(() -> isZero("ligature_rows") && isZero("ligature_waiting"));
        await(() -> store.statistics().leasedCount() == 0);
    }

    public boolean isZero(String name) {
        try {
            return metric(name) == 0;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    public static void await(BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "waited for a minute");
            Thread.sleep(5);
        }
    }

    /** Counts the arrays below the engine's root manager, without blocks of kept prefixes. */
    int liveArrays() {
        int kept = (int) (server.cache().kept() / BatchOptions.BLOCK);
        return manager.getParentManager().getManagedArrays().size() - kept;
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        assertEquals(0, store.statistics().leasedCount(), "a lease was left");
        store.close();
        lora.close();
        tokenizer.close();
        manager.close();
    }
}
