package dev.ligature.internal.peft;

import dev.ligature.LoraException;
import dev.ligature.checkpoint.AdapterConfigJson;
import dev.ligature.checkpoint.CheckpointException;
import dev.ligature.checkpoint.SafetensorsReader;
import dev.ligature.config.LoraConfig;
import dev.ligature.internal.diag.Message;
import dev.ligature.internal.files.CheckpointDirectory;
import dev.ligature.internal.json.JsonFields;
import dev.ligature.internal.json.JsonFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * An adapter as mlx-lm saves one: {@code adapters.safetensors} has {@code lora_a} (in, r) and
 * {@code lora_b} (r, out) of each module, and the configuration a scale, by which their product is
 * multiplied.
 */
public final class MlxAdapter {
    /** The name of the file with the factors. */
    public static final String WEIGHTS = "adapters.safetensors";

    /** The last part of the names that models give their embeddings. */
    private static final Set<String> EMBEDDINGS =
            Set.of("embed_tokens", "embed_in", "tok_embeddings", "word_embeddings", "wte");

    private MlxAdapter() {}

    /** Returns whether a file is such an adapter's. */
    static boolean isWeights(Path file) {
        return file.endsWith(WEIGHTS);
    }

    /**
     * Returns what a directory's adapter is in PEFT's terms: lora_alpha is the scale times r, and
     * the modules are those of the file. mlx-lm uses an embedding's factors for a head that is tied
     * to it too.
     *
     * @throws CheckpointException if it is not an adapter of LoRA, or its file has what its
     *     configuration does not name
     */
    static LoraConfig config(Path directory) throws IOException {
        Path file = CheckpointDirectory.file(directory, AdapterConfigJson.FILE_NAME);
        JsonFields<CheckpointException> fields = JsonFile.read(file, PeftMessage.FIELD_TYPE);
        String kind = fields.optionalString("fine_tune_type").orElse("lora");
        if (!kind.equals("lora")) {
            throw PeftMessage.MLX_KIND.fileError(file, kind);
        }
        JsonFields<CheckpointException> parameters = fields.object("lora_parameters");
        int rank = parameters.integer("rank");
        List<String> modules = modules(CheckpointDirectory.file(directory, WEIGHTS));
        if (parameters.has("keys")) {
            checkNamed(file, modules, parameters.strings("keys"));
        }
        try {
            return LoraConfig.builder()
                    .setTargetModules(modules)
                    .optRank(rank)
                    .optLoraAlpha(parameters.number("scale") * rank)
                    .optLoraDropout(parameters.number("dropout", 0))
                    .optEnsureWeightTying(modules.stream().anyMatch(MlxAdapter::isEmbedding))
                    .build();
        } catch (LoraException e) {
            throw Message.inFile(e, file.toString());
        }
    }

    private static List<String> modules(Path weights) throws IOException {
        Set<String> modules = new TreeSet<>();
        try (SafetensorsReader reader = SafetensorsReader.open(weights)) {
            for (String key : reader.tensors().keySet()) {
                if (!key.matches("(?s).+\\.lora_[ab]")) {
                    throw PeftMessage.MLX_KEY.fileError(weights, key);
                }
                modules.add(key.substring(0, key.lastIndexOf('.')));
            }
        }
        return new ArrayList<>(modules);
    }

    /** mlx-lm leaves out the factors of modules that its configuration does not name. */
    private static void checkNamed(Path config, List<String> modules, List<String> keys)
            throws CheckpointException {
        for (String module : modules) {
            if (keys.stream().noneMatch(key -> ("." + module).endsWith("." + key))) {
                throw PeftMessage.MLX_UNNAMED.fileError(config, module, keys);
            }
        }
    }

    private static boolean isEmbedding(String module) {
        return EMBEDDINGS.contains(module.substring(module.lastIndexOf('.') + 1));
    }
}
