package dev.ligature.examples.cli;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import com.google.gson.stream.JsonWriter;
import dev.ligature.checkpoint.SafetensorsWriter;
import dev.ligature.examples.llama.LlamaForCausalLM;
import dev.ligature.examples.llama.LlamaForCausalLMLora;
import dev.ligature.examples.llama.SpecialTokens;
import dev.ligature.inject.ModuleVisitor;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** The Hugging Face directory of a model that is being trained. */
final class BaseDirectory {
    private final LlamaForCausalLM model;
    private final FileType dtype;
    private final Path tokenizer;

    /**
     * Creates the description of a directory.
     *
     * @param model the model, of which the weights of the moment are saved
     * @param dtype what the weights are written in
     * @param tokenizer the tokenizer.json
     */
    BaseDirectory(LlamaForCausalLM model, FileType dtype, Path tokenizer) {
        this.model = model;
        this.dtype = dtype;
        this.tokenizer = tokenizer;
    }

    /** Writes the directory, which must not exist. */
    void save(Path directory) throws IOException {
        Files.createDirectory(directory);
        Path settings = tokenizer.resolveSibling("tokenizer_config.json");
        Files.copy(tokenizer, directory.resolve("tokenizer.json"));
        if (Files.exists(settings)) {
            Files.copy(settings, directory.resolve("tokenizer_config.json"));
        }
        Files.writeString(directory.resolve("config.json"), model.config().toJson());
        Files.writeString(
                directory.resolve("generation_config.json"),
                generationConfig(model.config().tokens()));
        Map<String, Block> modules = new TreeMap<>();
        ModuleVisitor.walk(
                model,
                LlamaForCausalLMLora::visit,
                (path, role, block) -> {
                    modules.put(path, block);
                    return block;
                });
        try (NDManager manager = NDManager.newBaseManager()) {
            Map<String, NDArray> tensors = new TreeMap<>();
            modules.forEach(
                    (path, block) ->
                            block.getDirectParameters()
                                    .values()
                                    .forEach(
                                            parameter -> {
                                                boolean bias =
                                                        parameter.getType() == Parameter.Type.BIAS;
                                                NDArray array =
                                                        parameter
                                                                .getArray()
                                                                .toType(dtype.dataType(), true);
                                                array.attach(manager);
                                                tensors.put(
                                                        path + (bias ? ".bias" : ".weight"), array);
                                            }));
            SafetensorsWriter.write(
                    directory.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
        }
    }

    /** Writes the directory in place of the one that is there. */
    void replace(Path directory) throws IOException {
        Path next = directory.resolveSibling(directory.getFileName() + ".next");
        save(next);
        if (Files.exists(directory)) {
            WorkDirectory.delete(directory);
        }
        Files.move(next, directory);
    }

    private static String generationConfig(SpecialTokens tokens) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.setIndent("  ");
            json.beginObject();
            if (tokens.begin() != null) {
                json.name("bos_token_id").value(tokens.begin());
            }
            json.name("eos_token_id").value(tokens.stops().get(0));
            if (tokens.pad() != null) {
                json.name("pad_token_id").value(tokens.pad());
            }
            json.endObject();
        }
        return text.append('\n').toString();
    }
}
