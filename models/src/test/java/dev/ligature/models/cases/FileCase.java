package dev.ligature.models.cases;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.training.ParameterStore;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.ligature.LoraModel;
import dev.ligature.checkpoint.AdapterLoadOptions;
import dev.ligature.checkpoint.BaseDifference;
import dev.ligature.checkpoint.LoadOptions;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.models.PretrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A case of interop/make_file_cases.py or make_relative_cases.py: an adapter as a tool leaves it,
 * and what becomes of it.
 */
record FileCase(Path folder, JsonObject json) {
    private static final Path RESOURCES = Path.of("src", "test", "resources");

    /** Returns the cases of a folder of the resources. */
    static List<FileCase> all(String name) throws IOException {
        Path folder = RESOURCES.resolve(name);
        JsonObject file =
                JsonParser.parseString(Files.readString(folder.resolve("cases.json")))
                        .getAsJsonObject();
        List<FileCase> cases = new ArrayList<>();
        for (JsonElement element : file.getAsJsonArray("cases")) {
            cases.add(new FileCase(folder, element.getAsJsonObject()));
        }
        return cases;
    }

    String name() {
        return text("name");
    }

    String text(String field) {
        return json.get(field).getAsString();
    }

    boolean isRefused() {
        return json.has("error");
    }

    /** Returns what the message of a refused case says. */
    List<String> says() {
        JsonArray says = json.getAsJsonArray("says");
        return says.asList().stream().map(JsonElement::getAsString).toList();
    }

    Path adapter() {
        return folder.resolve("adapters").resolve(text("adapter"));
    }

    AdapterLoadOptions options() {
        String choice = json.has("choice") ? text("choice") : "fail";
        return AdapterLoadOptions.defaults()
                .onBaseDifference(BaseDifference.valueOf(choice.toUpperCase(Locale.ROOT)));
    }

    /**
     * Loads the base; for a vocabulary that the file alone has the rows of, a model of that size
     * whose embedding and head start anew.
     */
    PretrainedModel open(Path scratch) throws IOException {
        return open(scratch, LoadOptions.defaults().withDataType(DataType.FLOAT32));
    }

    /** Loads the base with options. */
    PretrainedModel open(Path scratch, LoadOptions load) throws IOException {
        Path base = folder.resolve("bases").resolve(text("base"));
        if (!json.has("vocabulary")) {
            return PretrainedModel.load(base, load);
        }
        Path grown = Files.createDirectories(scratch.resolve("grown"));
        Files.copy(base.resolve("model.safetensors"), grown.resolve("model.safetensors"));
        String config = Files.readString(base.resolve("config.json"));
        Files.writeString(
                grown.resolve("config.json"),
                config.replaceAll("\"vocab_size\": \\d+", "\"vocab_size\": " + text("vocabulary")));
        return PretrainedModel.load(
                grown, load.allowMissing("model.embed_tokens.weight", "lm_head.weight"));
    }

    /** Returns PEFT's logits. */
    NDArray expected(NDManager manager) throws IOException {
        return read(name(), manager);
    }

    NDList input(NDManager manager) throws IOException {
        return new NDList(read("input_ids", manager));
    }

    private NDArray read(String tensor, NDManager manager) throws IOException {
        try (SafetensorsReader file =
                SafetensorsReader.open(folder.resolve("expected.safetensors"))) {
            return file.read(tensor, manager);
        }
    }

    NDArray logits(LoraModel lora, dev.ligature.Routing routing, NDManager manager)
            throws IOException {
        ParameterStore store = new ParameterStore(manager, false);
        return lora.forward(store, input(manager), routing).singletonOrThrow();
    }

    @Override
    public String toString() {
        return name();
    }
}
