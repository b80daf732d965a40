package dev.ligature.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.PretrainedModel;
import dev.ligature.models.onnx.BertImport;
import dev.ligature.server.model.TaskModel;
import dev.ligature.server.settings.ServerAccess;
import dev.ligature.server.settings.ServerAddress;
import dev.ligature.server.settings.ServerLimits;
import dev.ligature.store.AdapterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** An encoder out of files, and a server over it. */
final class EncoderFixture implements AutoCloseable {
    static final Path RESOURCES = Path.of("..", "models", "src", "test", "resources");

    private static final long BUDGET = 1 << 24;

    private final PretrainedModel model;
    private final AdapterStore store;
    private final CompletionServer server;
    private final NDManager manager = NDManager.newBaseManager();

    EncoderFixture(Path directory, Path adapters, ServerLimits limits, ServerAccess access)
            throws IOException {
        model = PretrainedModel.load(directory);
        store = model.openAdapters(adapters, BUDGET, AdapterLoadOptions.defaults());
        server =
                CompletionServer.start(
                        TaskModel.of(model),
                        store,
                        "base",
                        new ServerAddress("127.0.0.1", 0),
                        limits,
                        access);
    }

    /** Writes all-MiniLM-L6-v2, which the build of the models has copied. */
    static void writeMiniLm(Path directory) throws IOException {
        BertImport.writeArchive(
                Path.of("..", "models", "target", "minilm", "all-minilm-l6-v2.jar"), directory);
    }

    /** Copies a case of interop/make_encoder_cases.py: its base, and its adapter as "tuned". */
    static void copyCase(String name, Path directory, Path adapters) throws IOException {
        copy(RESOURCES.resolve("encoders").resolve(name).resolve("base"), directory);
        copy(
                RESOURCES.resolve("encoders").resolve(name).resolve("adapter"),
                Files.createDirectories(adapters.resolve("tuned")));
        Files.copy(RESOURCES.resolve("tasks/tokenizer.json"), directory.resolve("tokenizer.json"));
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    /** Returns a tensor of a reference case. */
    NDArray expected(String file, String tensor) throws IOException {
        try (SafetensorsReader reader = SafetensorsReader.open(RESOURCES.resolve(file))) {
            return reader.read(tensor, manager);
        }
    }

    /** Returns what the model computes for one text, without server, store or batch. */
    float[] alone(Routing routing, long[] ids, long[] types) {
        try (NDManager scope = manager.newSubManager()) {
            NDList inputs = new NDList(scope.create(new long[][] {ids}));
            inputs.add(scope.ones(inputs.get(0).getShape()));
            inputs.add(scope.create(new long[][] {types}));
            return model.lora()
                    .routed(routing)
                    .forward(new ParameterStore(scope, false), inputs, false)
                    .get(0)
                    .toFloatArray();
        }
    }

    PretrainedModel model() {
        return model;
    }

    CompletionServer server() {
        return server;
    }

    AdapterStore store() {
        return store;
    }

    HttpCalls http() {
        return new HttpCalls(server.port());
    }

    /** Fails unless |a − b| ≤ ε (1 + |b|) everywhere. */
    static void assertWithin(double epsilon, float[] expected, List<? extends Number> actual) {
        assertEquals(expected.length, actual.size());
        for (int i = 0; i < expected.length; i++) {
            assertEquals(
                    expected[i],
                    actual.get(i).doubleValue(),
                    epsilon * (1 + Math.abs(expected[i])));
        }
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
        model.close();
        manager.close();
    }
}
