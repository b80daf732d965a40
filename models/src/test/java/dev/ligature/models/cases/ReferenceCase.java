package dev.ligature.models.cases;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import dev.ligature.LoraModel;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.llama.LlamaCheckpoint;
import dev.ligature.models.llama.LlamaForCausalLM;
import dev.ligature.models.llama.LlamaForCausalLMLora;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A folder of the reference cases: a base, an adapter, and the logits that PEFT gives. */
final class ReferenceCase implements AutoCloseable {
    private static final Path FOLDER = Path.of("src", "test", "resources", "cases");

    private final Path directory;
    private final NDManager manager = NDManager.newBaseManager();
    private final ParameterStore store = new ParameterStore(manager, false);

    ReferenceCase(String name) {
        directory = FOLDER.resolve(name);
    }

    /** Returns the names of the cases that have logits to compare with. */
    static List<String> names() throws IOException {
        try (Stream<Path> folders = Files.list(FOLDER)) {
            return folders.filter(folder -> Files.exists(folder.resolve("expected.safetensors")))
                    .map(folder -> folder.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    Path base() {
        return directory.resolve("base");
    }

    Path adapter() {
        return directory.resolve("adapter");
    }

    Path file(String name) {
        return directory.resolve(name);
    }

    NDManager manager() {
        return manager;
    }

    ParameterStore store() {
        return store;
    }

    LoraModel wrap() throws IOException {
        LlamaForCausalLM model =
                LlamaCheckpoint.load(
                        base(), manager, LoadOptions.defaults().withDataType(DataType.FLOAT32));
        return LlamaForCausalLMLora.wrap(model);
    }

    NDArray expected(String tensor) throws IOException {
        try (SafetensorsReader file =
                SafetensorsReader.open(directory.resolve("expected.safetensors"))) {
            return file.read(tensor, manager);
        }
    }

    NDList input() throws IOException {
        return new NDList(expected("input_ids"));
    }

    /** Fails unless |a − b| ≤ ε (1 + |b|) everywhere. */
    static void assertClose(NDArray expected, NDArray actual, double epsilon) {
        if (!expected.getShape().equals(actual.getShape())) {
            throw new AssertionError(actual.getShape() + " is not " + expected.getShape());
        }
        float[] b = expected.toFloatArray();
        float[] a = actual.toFloatArray();
        for (int i = 0; i < b.length; i++) {
            if (!(Math.abs(a[i] - b[i]) <= epsilon * (1 + Math.abs(b[i])))) {
                throw new AssertionError("element " + i + ": " + a[i] + " is not " + b[i]);
            }
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
