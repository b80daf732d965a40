package dev.ligature.models.readers;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.Adapter;
import dev.ligature.Routing;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A folder of interop/make_reader_cases.py: an adapter on some readers of a shared weight. */
final class ReaderCase implements AutoCloseable {
    private static final Path RESOURCES = Path.of("src", "test", "resources");

    private final Path directory;
    private final NDManager manager = NDManager.newBaseManager();
    private final PretrainedModel model;

    ReaderCase(String name) throws IOException {
        directory = RESOURCES.resolve("readers").resolve(name);
        JsonObject about =
                JsonParser.parseString(Files.readString(directory.resolve("case.json")))
                        .getAsJsonObject();
        model = PretrainedModel.load(RESOURCES.resolve(about.get("base").getAsString()));
    }

    Path adapter() {
        return directory.resolve("adapter");
    }

    PretrainedModel model() {
        return model;
    }

    Adapter load(String name, AdapterLoadOptions options) throws IOException {
        return model.lora().load(name, adapter(), options);
    }

    NDArray expected(String tensor) throws IOException {
        try (SafetensorsReader file = expected()) {
            return file.read(tensor, manager);
        }
    }

    private SafetensorsReader expected() throws IOException {
        return SafetensorsReader.open(directory.resolve("expected.safetensors"));
    }

    /** Returns the logits through an adapter, (B, T, V). */
    NDArray logits(String adapter) throws IOException {
        NDArray ids = expected("input_ids"); // (B, S)
        NDList inputs = new NDList(ids);
        try (SafetensorsReader file = expected()) {
            if (file.tensors().containsKey("decoder_input_ids")) {
                inputs.add(ids.onesLike());
                inputs.add(expected("decoder_input_ids")); // (B, T)
            }
        }
        return model.lora().forward(inputs, Routing.of(adapter)).get(0);
    }

    @Override
    public void close() {
        model.close();
        manager.close();
    }
}
