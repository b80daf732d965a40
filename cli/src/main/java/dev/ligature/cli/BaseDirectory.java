package dev.ligature.cli;

import com.google.gson.stream.JsonWriter;
import dev.ligature.checkpoint.BaseCheckpoint;
import dev.ligature.checkpoint.ExportOptions;
import dev.ligature.models.SpecialTokens;
import dev.ligature.models.llama.LlamaForCausalLM;
import dev.ligature.models.llama.LlamaForCausalLMLora;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * The Hugging Face directory of a model that is being trained.
 *
 * @param model the model, of which the weights of the moment are saved
 * @param dtype what the weights are written in
 * @param tokenizer the tokenizer.json
 */
record BaseDirectory(LlamaForCausalLM model, FileType dtype, Path tokenizer) {
    private static final String TOKENIZER = "tokenizer.json";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";

    /** Writes the directory, which must not exist. */
    void save(Path directory) throws IOException {
        Map<String, String> files = new TreeMap<>();
        files.put("config.json", model.config().toJson());
        files.put("generation_config.json", generationConfig(model.config().tokens()));
        files.put(TOKENIZER, Files.readString(tokenizer));
        Path settings = tokenizer.resolveSibling(TOKENIZER_CONFIG);
        if (Files.exists(settings)) {
            files.put(TOKENIZER_CONFIG, Files.readString(settings));
        }
        BaseCheckpoint.save(
                directory,
                model,
                LlamaForCausalLMLora::visit,
                files,
                ExportOptions.defaults().withDtype(dtype.tensorDtype()));
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
            if (!tokens.stops().isEmpty()) {
                json.name("eos_token_id").value(tokens.stops().get(0));
            }
            if (tokens.pad() != null) {
                json.name("pad_token_id").value(tokens.pad());
            }
            json.endObject();
        }
        return text.append('\n').toString();
    }
}
