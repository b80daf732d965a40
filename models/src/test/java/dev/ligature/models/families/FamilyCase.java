package dev.ligature.models.families;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import dev.ligature.Routing;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A folder of interop/make_family_cases.py: a base, an adapter, and the numbers of both. */
final class FamilyCase implements AutoCloseable {
    private static final Path FOLDER = Path.of("src", "test", "resources", "families");

    private final Path directory;
    private final NDManager manager = NDManager.newBaseManager();
    private final ParameterStore store = new ParameterStore(manager, false);
    private final PretrainedModel model;

    FamilyCase(String name) throws IOException {
        this(name, LoadOptions.defaults());
    }

    FamilyCase(String name, LoadOptions options) throws IOException {
        directory = FOLDER.resolve(name);
        model = PretrainedModel.load(base(), options);
    }

    static List<String> names() throws IOException {
        try (Stream<Path> folders = Files.list(FOLDER)) {
            return folders.map(folder -> folder.getFileName().toString()).sorted().toList();
        }
    }

    Path base() {
        return directory.resolve("base");
    }

    PretrainedModel model() {
        return model;
    }

    void loadAdapter() throws IOException {
        model.lora().load("first", directory.resolve("adapter"));
    }

    boolean has(String tensor) throws IOException {
        try (SafetensorsReader file = expected()) {
            return file.tensors().containsKey(tensor);
        }
    }

    NDArray read(String tensor) throws IOException {
        try (SafetensorsReader file = expected()) {
            return file.read(tensor, manager);
        }
    }

    SafetensorsReader expected() throws IOException {
        return SafetensorsReader.open(directory.resolve("expected.safetensors"));
    }

    /** Returns the logits, {@code (B, T, V)}. */
    NDArray logits(Routing routing, NDArray... inputs) {
        return model.lora().forward(store, new NDList(inputs), routing).singletonOrThrow();
    }

    ParameterStore store() {
        return store;
    }

    NDManager manager() {
        return manager;
    }

    /** Returns the prompts without their padding. */
    List<long[]> prompts() throws IOException {
        long[] ids = read("prompt_ids").toLongArray();
        NDArray mask = read("prompt_mask");
        long[] kept = mask.toLongArray();
        int width = (int) mask.getShape().get(1);
        return IntStream.range(0, ids.length / width)
                .mapToObj(
                        row ->
                                IntStream.range(row * width, (row + 1) * width)
                                        .filter(i -> kept[i] != 0)
                                        .mapToLong(i -> ids[i])
                                        .toArray())
                .toList();
    }

    @Override
    public void close() {
        model.close();
        manager.close();
    }
}
